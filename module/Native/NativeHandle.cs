using System.Runtime.InteropServices;

namespace PSJob.Native;

/// <summary>Owner of one object of the C ABI; the finaliser frees what nobody disposed.</summary>
/// <param name="pointer">The object, owned from now on.</param>
internal abstract class NativeHandle : SafeHandle
{
    protected NativeHandle(nint pointer)
        : base(invalidHandleValue: 0, ownsHandle: true) => SetHandle(pointer);

    public override bool IsInvalid => handle == 0;

    /// <summary>Keeps the object alive for the length of one native call, also against a Dispose on another thread.</summary>
    /// <exception cref="ObjectDisposedException">The handle was disposed.</exception>
    protected Lease Borrow() => new(this);

    /// <summary>A reference that ends with its <c>using</c> block.</summary>
    internal readonly ref struct Lease
    {
        private readonly SafeHandle _owner;

        internal Lease(SafeHandle owner)
        {
            bool added = false;
            owner.DangerousAddRef(ref added);
            _owner = owner;
            Pointer = owner.DangerousGetHandle();
        }

        internal nint Pointer { get; }

        public void Dispose() => _owner.DangerousRelease();
    }
}
