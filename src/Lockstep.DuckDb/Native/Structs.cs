using System.Runtime.InteropServices;

namespace Lockstep.DuckDb.Native;

internal enum State { Success = 0, Error = 1 }

internal enum StatementType { Invalid = 0, Select = 1, Insert = 2, Update = 3, Explain = 4, Delete = 5, Prepare = 6, Create = 7, Execute = 8, Alter = 9, Transaction = 10, Copy = 11, Analyze = 12, SetVariable = 13, CreateFunction = 14, Drop = 15, Export = 16, Pragma = 17, Vacuum = 18, Call = 19, Set = 20, Load = 21, Relation = 22, Extension = 23, LogicalPlan = 24, Attach = 25, Detach = 26, Multi = 27, CopyDatabase = 28, UpdateExtensions = 29, Merge = 30 }

/// <summary>The kinds of failure that are told apart here; the others are only text.</summary>
internal enum ErrorType { Invalid = 0, Io = 28, Interrupt = 29, OutOfMemory = 33, Permission = 34 }

internal enum TypeId
{
    Invalid = 0, Boolean = 1, TinyInt = 2, SmallInt = 3, Integer = 4, BigInt = 5, UTinyInt = 6, USmallInt = 7, UInteger = 8, UBigInt = 9,
    Float = 10, Double = 11, Timestamp = 12, Date = 13, Time = 14, Interval = 15, HugeInt = 16, Varchar = 17, Blob = 18, Decimal = 19,
    TimestampS = 20, TimestampMs = 21, TimestampNs = 22, Enum = 23, List = 24, Struct = 25, Map = 26, Uuid = 27, Union = 28, Bit = 29,
    TimeTz = 30, TimestampTz = 31, UHugeInt = 32, Array = 33, Any = 34, BigNum = 35, SqlNull = 36, StringLiteral = 37, IntegerLiteral = 38, TimeNs = 39,
}

/// <summary>duckdb_result: passed by value to duckdb_fetch_chunk, by reference elsewhere.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Result
{
    public ulong ColumnCount, RowCount, RowsChanged;
    public nint Columns, Error, Internal;
}

[StructLayout(LayoutKind.Sequential)]
internal struct QueryProgress
{
    /// <summary>0 to 100; -1 when unknown.</summary>
    public double Percentage;
    public ulong RowsProcessed, TotalRows;
}

/// <summary>duckdb_string_t: up to 12 bytes stand in it, longer text behind a pointer.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal unsafe struct DuckString
{
    [FieldOffset(0)] public uint Length;
    [FieldOffset(4)] public fixed byte Inlined[12];
    [FieldOffset(8)] public byte* Pointer;

    public static ReadOnlySpan<byte> Span(DuckString* text)
        => new(text->Length <= 12 ? text->Inlined : text->Pointer, (int)text->Length);
}

/// <summary>duckdb_list_entry: where the elements of a row stand in the child vector.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ListEntry
{
    public ulong Offset, Length;
}

// The three structs of the Arrow C data interface (https://arrow.apache.org/docs/format/CDataInterface.html).

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ArrowSchema
{
    public byte* Format, Name, Metadata;
    public long Flags, ChildCount;
    public ArrowSchema** Children;
    public ArrowSchema* Dictionary;
    public delegate* unmanaged[Cdecl]<ArrowSchema*, void> Release;
    public void* Private;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ArrowArray
{
    public long Length, NullCount, Offset, BufferCount, ChildCount;
    public void** Buffers;
    public ArrowArray** Children;
    public ArrowArray* Dictionary;
    public delegate* unmanaged[Cdecl]<ArrowArray*, void> Release;
    public void* Private;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ArrowStream
{
    public delegate* unmanaged[Cdecl]<ArrowStream*, ArrowSchema*, int> GetSchema;
    public delegate* unmanaged[Cdecl]<ArrowStream*, ArrowArray*, int> GetNext;
    public delegate* unmanaged[Cdecl]<ArrowStream*, byte*> GetLastError;
    public delegate* unmanaged[Cdecl]<ArrowStream*, void> Release;
    public void* Private;
}
