using System.Globalization;
using System.Text.Json;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.OfflineStore.Delta;

namespace Lockstep.Runtime.Tests.OfflineStore.Delta;

/// <summary>Tables that delta-rs and Spark wrote, and damaged ones: each as the <c>must</c> of its <c>expected.json</c> says.</summary>
public sealed class ConformanceTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    internal static readonly string Root = Find();

    // Where either is allowed, what we do; a change of it should be seen. Versions that are read; the others are refused by name.
    static readonly Dictionary<string, long[]> Read = new()
    {
        ["timestamp_ntz"] = [0, 1],
        ["v2_checkpoint"] = [8, 9, 10],
        ["type_widening"] = [0, 1, 2, 3, 4, 5],
        ["deletion_vectors"] = [0, 1],
        ["column_mapping_name"] = [],
        ["column_mapping_id"] = [],
        ["variant"] = [],
        ["stale_last_checkpoint"] = [0, 1, 2],
    };

    public static TheoryData<string> Tables => new(Directory.GetDirectories(Root).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal));

    [Fact]
    public void All_29_tables_are_here() => Assert.Equal(29, Tables.Count);

    [Theory, MemberData(nameof(Tables))]
    public void A_table_is_read_right_or_refused_by_name(string name)
    {
        var expected = Expected(name);
        var must = expected.GetProperty("must").GetString()!;
        var table = Open(name);
        if (must.StartsWith("refuse with a message that names ", StringComparison.Ordinal))
        {
            var error = Assert.ThrowsAny<LockstepException>(() => table.Snapshot(CancellationToken.None).Input(name));
            Assert.Contains(Named(must["refuse with a message that names ".Length..]), error.Message, StringComparison.Ordinal);
            return;
        }
        var feature = must.Split(" that names ").ElementAtOrDefault(1);
        Assert.Equal(feature is not null, Read.ContainsKey(name));
        var rows = expected.TryGetProperty("same_rows_as", out var other) ? Expected(other.GetString()!) : expected;
        Assert.Equal(expected.GetProperty("latest_version").GetInt64(), rows.GetProperty("latest_version").GetInt64());
        foreach (var version in rows.GetProperty("versions").EnumerateArray())
        {
            var number = version.GetProperty("version").GetInt64();
            if (feature is not null && !Read[name].Contains(number))
            {
                var error = Assert.ThrowsAny<LockstepException>(() => table.Snapshot(number, CancellationToken.None).Input(name));
                Assert.True(error.Message.Contains(feature, StringComparison.Ordinal), $"{name} version {number}: {error.Message}");
                continue;
            }
            CheckRows(name, table, table.Snapshot(number, CancellationToken.None), version);
        }
        foreach (var gone in rows.GetProperty("unreadable_versions").EnumerateArray().Select(v => v.GetInt64()))
        {
            var error = Assert.ThrowsAny<LockstepException>(() => table.Snapshot(gone, CancellationToken.None).Input(name));
            Assert.True(error.Message.Contains($"version {gone}", StringComparison.Ordinal), $"{name} version {gone}: {error.Message}");
        }
        if (feature is null || Read[name].Contains(rows.GetProperty("latest_version").GetInt64()))
            Assert.Equal(rows.GetProperty("latest_version").GetInt64(), table.Snapshot(CancellationToken.None).Version);
    }

    [Theory, MemberData(nameof(Tables))]
    public void Time_travel_finds_the_version(string name)
    {
        var expected = Expected(name);
        if (!expected.TryGetProperty("time_travel", out var travels))
        {
            Assert.Contains(name, new[] { "unknown_writer_feature", "stale_last_checkpoint", "bad_log_gap", "bad_missing_file", "bad_reader_version", "bad_torn_commit", "bad_unknown_reader_feature" });
            return;
        }
        var table = Open(name);
        foreach (var travel in travels.EnumerateArray())
        {
            var instant = Instant.Parse(travel.GetProperty("at").GetString()!);
            var version = travel.GetProperty("version");
            if (version.ValueKind == JsonValueKind.Null) Assert.Equal(ErrorKind.NotFound, Assert.ThrowsAny<LockstepException>(() => table.VersionAt(instant, CancellationToken.None)).Kind);
            else Assert.Equal(version.GetInt64(), table.VersionAt(instant, CancellationToken.None));
        }
        var commits = table.History(CancellationToken.None).ToDictionary(c => c.Version);
        foreach (var commit in expected.GetProperty("commits").EnumerateArray())
        {
            var found = commits[commit.GetProperty("version").GetInt64()];
            Assert.Equal((commit.GetProperty("operation").GetString(), Number(commit, "adds"), Number(commit, "removes")), (found.Operation, found.FilesAdded, found.FilesRemoved));
        }
    }

    static int Number(JsonElement commit, string name) => commit.TryGetProperty(name, out var number) ? number.GetInt32() : 0;

    void CheckRows(string name, DeltaTable table, DeltaSnapshot snapshot, JsonElement version)
    {
        var input = snapshot.Input(name);
        var columns = version.GetProperty("columns").EnumerateArray().Select(c => c.GetString()!).ToArray();
        var fields = columns.Select(c => input.Schema!.IndexOf(c) is var at and >= 0 ? input.Schema[at] : null).ToArray(); // null: not of S2
        Assert.Equal(columns, snapshot.Columns.Columns.Select(c => c.Name));
        var expected = version.GetProperty("rows").EnumerateArray().Select(row => string.Join(" | ", row.EnumerateArray().Select((cell, i) => fields[i] is { } f ? Text(cell, f.Type) : cell.GetRawText().Replace(" ", "", StringComparison.Ordinal)))).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(version.GetProperty("row_count").GetInt32(), expected.Length);
        var found = input.Files.Count == 0 ? [] : ReadAll(input, columns, fields);
        Assert.True(expected.SequenceEqual(found), $"{table.Name} version {snapshot.Version}:\n{string.Join('\n', expected.Except(found).Take(5))}\nis not\n{string.Join('\n', found.Except(expected).Take(5))}");
        if (snapshot.Records is { } records) Assert.Equal(expected.Length, records);
    }

    string[] ReadAll(TableInput input, string[] columns, Field?[] fields)
    {
        var known = Rows.Read(fixture.Engine, new ScanRequest { Table = input, Columns = [.. fields.OfType<Field>().Select(f => new ScanColumn(f.Name, f))], KeepOrder = true });
        var nested = fields.Any(f => f is null) ? input.Files.SelectMany(f => Nested(input with { Files = [f] }, [.. columns.Where((_, i) => fields[i] is null)])).ToList() : null;
        return [.. known.Select((row, at) =>
        {
            var (next, nextNested) = (0, 0);
            return string.Join(" | ", fields.Select(f => f is null ? nested![at][nextNested++] : Text(row[next++])));
        }).Order(StringComparer.Ordinal)];
    }

    // Columns of types that features do not have, as JSON; a map as the sorted pairs that the expected files hold.
    List<string[]> Nested(TableInput input, string[] columns)
    {
        using var reader = fixture.Engine.Query(new()
        {
            Name = "nested columns",
            Sql = $"select {string.Join(", ", columns.Select(c => $"cast(to_json(\"{c}\") as varchar)"))} from t",
            Tables = new Dictionary<string, TableInput> { ["t"] = input with { Schema = null, Format = TableFormat.Parquet } },
        }, CancellationToken.None);
        var batch = new ColumnBatch(reader.Schema);
        List<string[]> rows = [];
        while (reader.Read(batch, CancellationToken.None))
            for (var row = 0; row < batch.Count; row++)
                rows.Add([.. batch.GetRow(row).Select((v, i) => v.IsNull ? "null" : columns[i] == "map" ? Pairs(v.AsString) : v.AsString)]);
        return rows;
    }

    static string Pairs(string json)
        => "[" + string.Join(",", JsonDocument.Parse(json).RootElement.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => $"[\"{p.Name}\",{p.Value.GetRawText()}]")) + "]";

    static string Text(Value value) => value.IsNull ? "null" : value.ToString();

    static string Text(JsonElement cell, FeatureType type) => Text(Parse(cell, type));

    static Value Parse(JsonElement cell, FeatureType type)
    {
        if (cell.ValueKind == JsonValueKind.Null) return Value.Null;
        return type.Kind switch
        {
            TypeKind.Bool => Value.Of(cell.GetBoolean()),
            TypeKind.Int32 => Value.Of(cell.GetInt32()),
            TypeKind.Int64 => Value.Of(cell.GetInt64()),
            TypeKind.Float32 => Value.Of(float.Parse(cell.GetRawText(), CultureInfo.InvariantCulture)),
            TypeKind.Float64 => Value.Of(double.Parse(cell.GetRawText(), CultureInfo.InvariantCulture)),
            TypeKind.Decimal => Value.TryParseDecimal(cell.GetString(), type.Precision, type.Scale, out var unscaled) ? Value.Decimal(unscaled, type.Scale) : throw new FormatException(cell.GetString()),
            TypeKind.String => Value.Of(cell.GetString()!),
            TypeKind.Bytes => Value.Of(cell.GetBytesFromBase64()),
            TypeKind.Timestamp => Value.Timestamp(Instant.Parse(cell.GetString()!)),
            TypeKind.Date => Instant.TryParseDate(cell.GetString(), out var days) ? Value.Date(days) : throw new FormatException(cell.GetString()),
            _ => Value.List([.. cell.EnumerateArray().Select(e => Parse(e, type.Element!))]),
        };
    }

    // What the messages of damaged tables must name; the missing file is the one that no folder holds.
    static string Named(string what) => what == "the missing file" ? "part-00000-47a77930-611f-4423-99a6-bece6b49d00e-c000.snappy.parquet" : what;

    DeltaTable Open(string name) => new(Path.Combine(Root, name, "table"), fixture.Engine, TimeProvider.System, name);

    static JsonElement Expected(string name) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Root, name, "expected.json"))).RootElement;

    static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "tests", "data", "delta") is var found && Directory.Exists(found)) return found;
        throw new DirectoryNotFoundException("tests/data/delta");
    }
}
