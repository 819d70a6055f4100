using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Lookup;

/// <summary>What a table held when it was applied.</summary>
/// <param name="Hash">Hex SHA-256 of its snapshot; empty where the table was not read.</param>
/// <param name="Rows">Rows with a key.</param>
/// <param name="Bytes">Size of the snapshot.</param>
/// <param name="RowsWithoutKey">Rows with a null in the key, which are left out: nothing matches them (S4).</param>
public sealed record LookupContent(string Hash, long Rows, long Bytes, long RowsWithoutKey)
{
    public static readonly LookupContent Unknown = new("", 0, 0, 0);
}

/// <summary>One version of a lookup table, with what it held: the content is part of the meaning (S23).</summary>
public sealed record LookupTableVersion
{
    public required LookupTable Table { get; init; }
    public required string Fingerprint { get; init; }

    /// <summary>The text behind the fingerprint.</summary>
    public string Meaning { get; init; } = "";

    public required LookupContent Content { get; init; }

    /// <summary>No expression of a new version finds it any more (S24).</summary>
    public bool Retired { get; init; }

    public string Name => Table.Name;
    public SemanticVersion Version => Table.Version;

    /// <summary><c>airports@1.0.0</c></summary>
    public string Id => $"{Name}@{Version}";

    public Schema Keys => field ??= new(Table.Key);
    public Schema Columns => field ??= new(Table.Columns.Select(c => new Field(c.Name, c.Type)));
    public IReadOnlyList<Value> Defaults => field ??= [.. Table.Columns.Select(c => c.Default)];
}

/// <summary>Where the snapshots of lookup tables are.</summary>
public interface ILookupSnapshots
{
    /// <summary>The content with this hash; the same object for every caller while it is in use.</summary>
    /// <exception cref="LockstepException">It is not there, or damaged.</exception>
    LookupData Load(LookupTableVersion table);
}
