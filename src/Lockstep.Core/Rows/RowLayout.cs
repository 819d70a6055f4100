namespace Lockstep.Core.Rows;

/// <summary>Where each column of a packed row stands; computed once a schema. The format is written down in docs/formats.md.</summary>
public sealed class RowLayout
{
    public const byte FormatVersion = 1;

    // version (1) + number of columns (2)
    internal const int HeaderSize = 3;

    public RowLayout(Schema schema)
    {
        Schema = schema ?? throw new ArgumentNullException(nameof(schema));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(schema.Count, ushort.MaxValue);
        Offsets = new int[schema.Count];
        PreviousVariable = new int[schema.Count];
        var offset = HeaderSize + ((schema.Count + 7) >> 3);
        var lastVariable = -1;
        for (var i = 0; i < schema.Count; i++)
        {
            Offsets[i] = offset;
            PreviousVariable[i] = lastVariable;
            var width = schema[i].Type.Width;
            offset += width == 0 ? sizeof(int) : width; // a varying value keeps where it ends
            if (width == 0) lastVariable = i;
        }
        FixedSize = offset;
        LastVariable = lastVariable;
    }

    public Schema Schema { get; }

    /// <summary>Bytes of header, null bits and fixed part: the varying part begins here.</summary>
    public int FixedSize { get; }

    internal int[] Offsets { get; }
    internal int[] PreviousVariable { get; }
    internal int LastVariable { get; }
}

/// <summary>Bytes that are not a row, a key or a cell of the format that they should be.</summary>
public sealed class RowFormatException(string message) : FormatException(message);
