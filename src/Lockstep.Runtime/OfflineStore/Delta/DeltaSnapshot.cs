using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>A Delta table as of one version. Never changes; what it refers to can be read until it is vacuumed.</summary>
public sealed class DeltaSnapshot
{
    readonly string _folder;
    readonly string _name;
    readonly List<(string Path, AddFile Add)> _files;
    readonly Field[] _partitions;

    internal DeltaSnapshot(string folder, string name, LogState state)
    {
        (_folder, _name, State) = (folder, name, state);
        if (state.Protocol is null || state.Metadata is null)
            throw new DamagedLogException($"{name}: the log up to version {state.Version} holds no {(state.Protocol is null ? "protocol" : "metaData")}. It is no whole table.", isCommit: true);
        try
        {
            Columns = DeltaSchema.Parse(state.Metadata.SchemaJson);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new DamagedLogException($"{name}: the schema as of version {state.Version} cannot be read: {e.Message}", isCommit: true, e);
        }
        ProtocolCheck.Readable(name, state.Protocol, state.Metadata, Columns);
        _partitions = [.. PartitionColumns.Select(c => Schema.IndexOf(c) is var at and >= 0 ? Schema[at]
            : throw new LockstepException(ErrorKind.Failed, $"{name} is partitioned by column '{c}', whose type is not one of {FeatureType.KnownNames}."))];
        _files = [.. state.Files.Select(f => (Path: f.Key, Add: f.Value)).OrderBy(f => f.Path, StringComparer.Ordinal)];
    }

    internal LogState State { get; }
    internal TableMetadata Metadata => State.Metadata!;
    internal DeltaSchema Columns { get; }

    public long Version => State.Version;

    /// <summary>The identity of the table: another one in the same place has another.</summary>
    public string TableId => Metadata.Id;

    /// <summary>Columns of types that features can have (S2), partition columns included.</summary>
    public Schema Schema => Columns.Known;

    public IReadOnlyList<string> PartitionColumns => Metadata.PartitionColumns;
    public int FileCount => _files.Count;
    public long Bytes => _files.Sum(f => f.Add.Size);

    /// <summary>Rows by the files' statistics; null when a file has none.</summary>
    public long? Records
    {
        get
        {
            long sum = 0;
            foreach (var (_, add) in _files)
            {
                if (FileTimes.Records(add) is not { } records) return null;
                sum += records;
            }
            return sum;
        }
    }

    /// <summary>The files that can hold rows whose instant is within the bounds, both included, by partition values and statistics.</summary>
    public IReadOnlyList<TableFile> Files(string? timeColumn = null, long notBefore = long.MinValue, long notAfter = long.MaxValue)
    {
        List<TableFile> files = new(_files.Count);
        foreach (var (path, add) in _files)
            if (ToFile(path, add, timeColumn) is var file && file.CanHold(timeColumn, notBefore, notAfter)) files.Add(file);
        return files;
    }

    /// <summary>A file of the table, of this version or of another with the same partition columns, as an engine reads it.</summary>
    internal TableFile ToFile(string path, AddFile add, string? timeColumn)
    {
        ProtocolCheck.NoDeletionVector(_name, add);
        var time = timeColumn is null ? -1 : Schema.IndexOf(timeColumn);
        return new(Path.Combine(_folder, path.Replace('/', Path.DirectorySeparatorChar)))
        {
            Size = add.Size,
            Modified = add.ModificationTime * Instant.Millisecond,
            Partition = _partitions.Length == 0 ? NoPartition : Partition(add, _partitions),
            Times = time < 0 ? null : FileTimes.Of(add, Schema[time], PartitionColumns.Contains(timeColumn)),
        };
    }

    /// <summary>The snapshot as an engine reads it. A file that is missing or of another size is an error that names it.</summary>
    /// <param name="name">How messages call the table.</param>
    /// <param name="timeColumn">The column whose statistics let a scan leave files out.</param>
    public TableInput Input(string name, string? timeColumn = null)
    {
        var files = Files(timeColumn);
        foreach (var file in files) CheckOnDisk(file);
        return new() { Name = name, Format = TableFormat.Delta, Files = files, Schema = Schema };
    }

    static readonly Dictionary<string, string?> NoPartition = [];

    Dictionary<string, string?> Partition(AddFile add, Field[] columns)
    {
        Dictionary<string, string?> values = new(columns.Length, StringComparer.Ordinal);
        foreach (var column in columns)
        {
            try
            {
                values.Add(column.Name, PartitionText.Read(add.PartitionValues.GetValueOrDefault(column.Name), column));
            }
            catch (JsonException e)
            {
                throw new DamagedLogException($"{_name}: file {add.Path}: {e.Message}.", isCommit: true, e);
            }
        }
        return values;
    }

    void CheckOnDisk(TableFile file)
    {
        var info = new FileInfo(file.Path);
        if (!info.Exists)
            throw new LockstepException(ErrorKind.NotFound, $"{_name}, version {Version}: the file {Path.GetRelativePath(_folder, file.Path)} is missing. It was vacuumed or removed; read a newer version, or bring it back from a copy.");
        if (info.Length != file.Size && info.LinkTarget is null)
            throw new LockstepException(ErrorKind.Failed, $"{_name}, version {Version}: the file {Path.GetRelativePath(_folder, file.Path)} has {info.Length} bytes where the log says {file.Size}. It was cut short or overwritten; bring it back from a copy.");
    }
}
