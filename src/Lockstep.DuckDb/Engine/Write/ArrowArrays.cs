using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lockstep.Core.Rows;
using Lockstep.DuckDb.Native;

namespace Lockstep.DuckDb.Engine.Write;

/// <summary>
/// The structs of Arrow's C data interface, in native memory. Whoever holds an array's root releases it, and with it all buffers and
/// children; the children's own release does nothing, since nobody moves a child out.
/// </summary>
internal static unsafe class ArrowArrays
{
    public static ArrowArray* Create(long length, long nulls)
    {
        var array = (ArrowArray*)NativeMemory.AllocZeroed((nuint)sizeof(ArrowArray));
        array->Length = length;
        array->NullCount = nulls;
        array->Release = &ReleaseNothing;
        return array;
    }

    public static void SetBuffers(ArrowArray* array, void* first, void* second, void* third = null)
    {
        array->BufferCount = third == null ? 2 : 3;
        array->Buffers = (void**)NativeMemory.AllocZeroed(3, (nuint)sizeof(void*));
        array->Buffers[0] = first;
        array->Buffers[1] = second;
        array->Buffers[2] = third;
    }

    public static void SetChildren(ArrowArray* array, ReadOnlySpan<nint> children)
    {
        array->ChildCount = children.Length;
        array->Children = (ArrowArray**)NativeMemory.Alloc((nuint)Math.Max(children.Length, 1), (nuint)sizeof(void*));
        for (var i = 0; i < children.Length; i++) array->Children[i] = (ArrowArray*)children[i];
    }

    /// <summary>The struct array over the columns of a row group, which the receiver releases.</summary>
    public static ArrowArray* Group(IReadOnlyList<ArrowColumn> columns)
    {
        var root = Create(columns[0].Count, 0);
        SetBuffers(root, null, null);
        root->BufferCount = 1;
        var children = new nint[columns.Count];
        for (var i = 0; i < children.Length; i++) children[i] = (nint)columns[i].Export();
        SetChildren(root, children);
        root->Release = &ReleaseTree;
        return root;
    }

    /// <summary>Gives the array to its receiver, who has the struct's memory.</summary>
    public static void Move(ArrowArray* root, ArrowArray* to)
    {
        *to = *root;
        NativeMemory.Free(root);
    }

    /// <summary>Releases an array that nobody received.</summary>
    public static void Free(ArrowArray* root)
    {
        FreeContent(root);
        NativeMemory.Free(root);
    }

    static void FreeContent(ArrowArray* array)
    {
        for (var i = 0; i < array->BufferCount; i++) NativeMemory.Free(array->Buffers[i]);
        NativeMemory.Free(array->Buffers);
        for (var i = 0; i < array->ChildCount; i++) Free(array->Children[i]);
        NativeMemory.Free(array->Children);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void ReleaseNothing(ArrowArray* array) => array->Release = null;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void ReleaseTree(ArrowArray* array)
    {
        FreeContent(array);
        array->Release = null;
    }

    /// <summary>The description of a table, kept by the caller until <see cref="Free(ArrowSchema*)"/>.</summary>
    public static ArrowSchema* Describe(Schema schema)
    {
        var root = Describe("", "+s", schema.Count);
        for (var i = 0; i < schema.Count; i++) root->Children[i] = Describe(schema[i].Name, schema[i].Type);
        return root;
    }

    static ArrowSchema* Describe(string name, FeatureType type)
    {
        var schema = Describe(name, ArrowColumn.Format(type), type.Element is null ? 0 : 1);
        if (type.Element is { } element) schema->Children[0] = Describe("element", element);
        return schema;
    }

    static ArrowSchema* Describe(string name, string format, int children)
    {
        var schema = (ArrowSchema*)NativeMemory.AllocZeroed((nuint)sizeof(ArrowSchema));
        schema->Name = (byte*)Marshal.StringToCoTaskMemUTF8(name);
        schema->Format = (byte*)Marshal.StringToCoTaskMemUTF8(format);
        schema->Flags = 2; // nullable
        schema->ChildCount = children;
        schema->Children = (ArrowSchema**)NativeMemory.AllocZeroed((nuint)Math.Max(children, 1), (nuint)sizeof(void*));
        schema->Release = &ReleaseNothing;
        return schema;
    }

    public static void Free(ArrowSchema* schema)
    {
        for (var i = 0; i < schema->ChildCount; i++) Free(schema->Children[i]);
        NativeMemory.Free(schema->Children);
        Marshal.FreeCoTaskMem((nint)schema->Name);
        Marshal.FreeCoTaskMem((nint)schema->Format);
        NativeMemory.Free(schema);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void ReleaseNothing(ArrowSchema* schema) => schema->Release = null;
}
