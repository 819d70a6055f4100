namespace Lockstep.Runtime.OfflineStore.Delta;

/// <summary>One line of a commit: the actions of the Delta protocol that matter here. Kinds that are not known say nothing about rows and are skipped.</summary>
internal abstract record LogAction;

/// <summary>A file becomes part of the table.</summary>
internal sealed record AddFile : LogAction
{
    /// <summary>As logged: relative to the table, escaped as in a URI.</summary>
    public required string Path { get; init; }

    public required IReadOnlyDictionary<string, string?> PartitionValues { get; init; }
    public required long Size { get; init; }

    /// <summary>Milliseconds.</summary>
    public required long ModificationTime { get; init; }

    /// <summary>False when the file only holds rows of others anew (a compaction).</summary>
    public bool DataChange { get; init; } = true;

    /// <summary>JSON text; null when the writer kept none.</summary>
    public string? Stats { get; init; }

    public IReadOnlyDictionary<string, string?>? Tags { get; init; }

    /// <summary>Rows of the file that are deleted, by the id of their list; null: none.</summary>
    public string? DeletionVector { get; init; }
}

/// <summary>A file is no longer part of the table; its bytes stay until they are vacuumed.</summary>
internal sealed record RemoveFile : LogAction
{
    public required string Path { get; init; }

    /// <summary>Milliseconds.</summary>
    public long DeletionTimestamp { get; init; }

    public bool DataChange { get; init; } = true;
    public IReadOnlyDictionary<string, string?>? PartitionValues { get; init; }
    public long? Size { get; init; }
    public string? DeletionVector { get; init; }
}

/// <summary>What the table's columns are from here on.</summary>
internal sealed record TableMetadata : LogAction
{
    public required string Id { get; init; }
    public string? Name { get; init; }
    public string? Description { get; init; }
    public string Provider { get; init; } = "parquet";
    public required string SchemaJson { get; init; }
    public IReadOnlyList<string> PartitionColumns { get; init; } = [];
    public IReadOnlyDictionary<string, string> Configuration { get; init; } = new Dictionary<string, string>();

    /// <summary>Milliseconds.</summary>
    public long? CreatedTime { get; init; }
}

/// <summary>What a program must know to read or write the table.</summary>
internal sealed record TableProtocol : LogAction
{
    public required int MinReaderVersion { get; init; }
    public required int MinWriterVersion { get; init; }
    public IReadOnlyList<string>? ReaderFeatures { get; init; }
    public IReadOnlyList<string>? WriterFeatures { get; init; }
}

/// <summary>How far an application has come, so that it can repeat a write without writing twice.</summary>
internal sealed record ApplicationTransaction(string AppId, long Version) : LogAction
{
    /// <summary>Milliseconds.</summary>
    public long? LastUpdated { get; init; }
}

/// <summary>Where the rest of a checkpoint is.</summary>
internal sealed record CheckpointSidecar(string Path) : LogAction;

/// <summary>Who wrote a commit, when and why.</summary>
internal sealed record CommitInfo : LogAction
{
    /// <summary>Milliseconds, by the writer's clock.</summary>
    public long? Timestamp { get; init; }

    /// <summary>Milliseconds, kept increasing by writers that know the feature; goes before <see cref="Timestamp"/>.</summary>
    public long? InCommitTimestamp { get; init; }

    public string? Operation { get; init; }
    public IReadOnlyDictionary<string, string> OperationParameters { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> OperationMetrics { get; init; } = new Dictionary<string, string>();
    public string? EngineInfo { get; init; }
    public bool? IsBlindAppend { get; init; }
    public string? Project { get; init; }
    public string? Run { get; init; }

    /// <summary>What the version's rows stand on, as its writer noted it.</summary>
    public string? State { get; init; }
}
