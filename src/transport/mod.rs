//! How bytes reach a worker: the line framing over its stdin and stdout, and its launch through the guard.
