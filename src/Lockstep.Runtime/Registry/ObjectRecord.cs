using System.Text;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Registry;

/// <summary>One revision of one object, as text: all that a registry has to store. What the texts mean is decided here, not in the store.</summary>
public sealed record ObjectRecord
{
    public required ObjectKey Key { get; init; }
    public required ObjectState State { get; init; }

    /// <summary>The word behind <c>kind:</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Canonical JSON of the definition.</summary>
    public required string Definition { get; init; }

    /// <summary>JSON of what the apply found out: types of a view and the sources it reads, columns of a source, versions that a service pins.</summary>
    public required string Bound { get; init; }

    /// <summary>Hex SHA-256 of the meaning (S23).</summary>
    public required string Fingerprint { get; init; }

    /// <summary>A hash of everything above: a registry stores it and refuses a record that does not match.</summary>
    public long Checksum()
    {
        var text = string.Join('\0', Key.Category, Key.Name, Key.Version, State, Kind, Definition, Bound, Fingerprint);
        return unchecked((long)XxHash64.Hash(Encoding.UTF8.GetBytes(text)));
    }
}

/// <summary>A revision and the apply that wrote it.</summary>
public sealed record ObjectRevision(RegistryApply Apply, ObjectRecord Record);
