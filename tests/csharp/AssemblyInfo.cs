// The environment and the counter of job ids belong to the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
