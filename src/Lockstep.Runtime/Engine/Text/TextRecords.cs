using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Engine.Text;

/// <summary>The rows of one CSV or JSON file, appended to columns by <see cref="Conversion"/>.</summary>
abstract class TextRecords(InputBuffer input, string what) : IDisposable
{
    // Otherwise a file that was cut off, or is still being written, is read as if it ended there, within a value if need be.
    static TextRecords() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    /// <summary>How messages call the file.</summary>
    protected string What { get; } = what;
    protected InputBuffer Input { get; } = input;

    /// <summary>Rows read.</summary>
    public long Rows { get; protected set; }
    public long Position => Input.Position;

    public static TextRecords Open(Stream stream, TableFormat format, string what) => format switch
    {
        TableFormat.Csv => new CsvRecords(new InputBuffer(stream), what),
        TableFormat.JsonLines => new JsonRecords(new InputBuffer(stream), what, array: false),
        TableFormat.Json => new JsonRecords(new InputBuffer(stream), what, array: true),
        _ => throw new NotSupportedException($"{format} is no text."),
    };

    /// <summary>Opens a file, decompressing gzip. The caller turns what the system says into words.</summary>
    public static TextRecords OpenFile(string path, TableFormat format, string what)
    {
        Stream stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.SequentialScan);
        try
        {
            Span<byte> magic = stackalloc byte[2];
            var gzip = stream.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic[0] == 0x1F && magic[1] == 0x8B;
            stream.Position = 0;
            return Open(gzip ? new System.IO.Compression.GZipStream(stream, System.IO.Compression.CompressionMode.Decompress) : stream, format, what);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The columns that the file names by itself; null where each row names its own.</summary>
    public abstract IReadOnlyList<string>? Names { get; }

    /// <summary>Says which columns go where; called once, before the first row.</summary>
    public abstract void Select(IReadOnlyList<string> columns);

    /// <summary>Which of the selected columns have appeared.</summary>
    public abstract IReadOnlyList<bool> Seen { get; }

    /// <summary>Appends a row to all columns; false at the end.</summary>
    public abstract bool TryAppend(IReadOnlyList<Column> columns, long[] nonFinite);

    /// <summary>Shows each value of a row to <paramref name="look"/> instead; false at the end.</summary>
    public abstract bool TryLook(LookAtValue look);

    protected LockstepException Fault(string place, string message) => new(ErrorKind.Failed, $"{What}, {place}: {message}");

    public void Dispose() => Input.Dispose();
}

/// <summary>A value on its way to an inferred schema: the type that it alone would have; null for a null; and whether any type holds it.</summary>
delegate void LookAtValue(string column, FeatureType? type, bool usable);
