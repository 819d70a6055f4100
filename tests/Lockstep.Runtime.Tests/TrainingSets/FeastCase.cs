using System.Text.Json;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>One line of tests/data/feast-pit/cases.jsonl, in our terms.</summary>
internal sealed class FeastCase
{
    readonly JsonElement _json;

    FeastCase(JsonElement json) => _json = json;

    public string Name => _json.GetProperty("name").GetString()!;
    public bool AsKnown => _json.TryGetProperty("as_known", out var known) && known.GetBoolean();
    public bool FullNames => _json.GetProperty("full_feature_names").GetBoolean();
    public JsonElement Spine => _json.GetProperty("spine");
    public string Timestamp => Spine.GetProperty("timestamp").GetString()!;

    /// <summary>Null where the request has to be refused.</summary>
    public (string[] Columns, JsonElement Rows)? Expected => _json.GetProperty("lockstep_result") is var result && result.TryGetProperty("columns", out var columns)
        ? ([.. columns.EnumerateArray().Select(c => c.GetString()!)], result.GetProperty("rows")) : null;

    public static IReadOnlyList<FeastCase> All { get; } = [.. File.ReadAllText(Path.Combine(TestData.Folder, "feast-pit", "cases.jsonl")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => new FeastCase(JsonDocument.Parse(line).RootElement))];

    public IEnumerable<(string Name, Schema Schema, IEnumerable<Value[]> Rows)> Tables()
        => _json.GetProperty("tables").EnumerateObject().Select(t => (t.Name, SchemaOf(t.Value), RowsOf(t.Value)));

    public static Schema SchemaOf(JsonElement table) => new(table.GetProperty("columns").EnumerateObject().Select(c => new Field(c.Name, TypeOf(c.Value.GetString()!))));

    public static IEnumerable<Value[]> RowsOf(JsonElement table)
    {
        var schema = SchemaOf(table);
        return table.GetProperty("rows").EnumerateArray().Select(row => row.EnumerateArray().Select((cell, i) => Cell(cell, schema[i].Type)).ToArray());
    }

    /// <summary>The views, and the request's features, over tables that were written under their names.</summary>
    public Catalog Catalog()
    {
        var tables = _json.GetProperty("tables");
        List<Source> sources = [];
        foreach (var table in tables.EnumerateObject())
            sources.Add(new()
            {
                Name = table.Name,
                Table = new() { Path = table.Name + ".parquet", Format = TableFormat.Parquet, Timestamp = table.Value.GetProperty("timestamp").GetString()!, Created = table.Value.GetProperty("created").GetString() },
            });
        var views = _json.GetProperty("views").EnumerateArray().Select(v =>
        {
            var table = tables.GetProperty(v.GetProperty("table").GetString()!);
            var back = table.GetProperty("field_mapping").EnumerateObject().ToDictionary(m => m.Value.GetString()!, m => m.Name);
            var features = v.GetProperty("features").EnumerateObject().Select(f => new Field(f.Name, TypeOf(f.Value.GetString()!))).ToList();
            return new ViewVersion
            {
                View = new ValueView
                {
                    Name = v.GetProperty("name").GetString()!,
                    Source = v.GetProperty("table").GetString()!,
                    Ttl = v.GetProperty("ttl_us").ValueKind == JsonValueKind.Null ? 0 : v.GetProperty("ttl_us").GetInt64(),
                    Features = [.. features.Select(f => new ValueFeature { Name = f.Name, Column = back.GetValueOrDefault(f.Name, f.Name), Type = f.Type })],
                },
                Fingerprint = "x",
                Keys = new(v.GetProperty("keys").EnumerateArray().Select(k => new Field(k.GetString()!, TypeOf(table.GetProperty("columns").GetProperty(k.GetString()!).GetString()!)))),
                Features = new(features),
                Defaults = [.. features.Select(_ => Value.Null)],
            };
        });
        Catalog stored = new(1, [], sources, views, []);
        return _json.TryGetProperty("on_demand", out var onDemand) ? WithYaml.Of(stored, string.Join("\n---\n", onDemand.EnumerateArray().Select(OnDemandYaml))) : stored;
    }

    /// <summary>The recorded formulas, as our expressions.</summary>
    static string OnDemandYaml(JsonElement view) => $$"""
        kind: on_demand_view
        name: {{view.GetProperty("name").GetString()}}
        request: { {{string.Join(", ", view.GetProperty("request").EnumerateObject().Select(r => $"{r.Name}: {r.Value.GetString()}"))}} }
        features:
        {{string.Join("\n", view.GetProperty("formulas").EnumerateObject().Select(f => $"  {f.Name}: \"{Ours(f.Value.GetString()!)}\""))}}
        """;

    static string Ours(string formula) => formula switch
    {
        "score + days_late * 0.5" => "visits:score + days_late * 0.5",
        "concat(tier, '/', days_late), null where either is null" => "visits:tier || '/' || cast(days_late as string)",
        _ => throw new FormatException($"Nobody has written the formula '{formula}' in our language."),
    };

    public IReadOnlyList<FeatureSelection> Features => _json.GetProperty("features").ValueKind == JsonValueKind.Array
        ? [.. _json.GetProperty("features").EnumerateArray().Select(f => FeatureSelection.TryParse(f.GetString()!, out var selection) ? selection : throw new FormatException(f.GetString()))]
        : [.. _json.GetProperty("service").EnumerateArray().Select(p => new FeatureSelection
        {
            View = p.GetProperty("view").GetString()!,
            Alias = p.GetProperty("as").GetString(),
            Features = [.. p.GetProperty("features").EnumerateArray().Select(f => f.GetString()!)],
            Keys = p.GetProperty("join_key_map").EnumerateObject().ToDictionary(m => m.Name, m => m.Value.GetString()!),
        })];

    public static Value Cell(JsonElement cell, FeatureType type)
    {
        if (cell.ValueKind == JsonValueKind.Null) return Value.Null;
        return type.Kind switch
        {
            TypeKind.Bool => Value.Of(cell.GetBoolean()),
            TypeKind.Int32 => Value.Of((int)cell.GetDouble()), // pandas writes 10.0 beside a missing value
            TypeKind.Int64 => Value.Of(cell.TryGetInt64(out var whole) ? whole : (long)cell.GetDouble()),
            TypeKind.Float32 => Value.Of((float)Real(cell)),
            TypeKind.Float64 => Value.Of(Real(cell)),
            TypeKind.String => Value.Of(cell.GetString()!),
            TypeKind.Bytes => Value.Of(cell.GetBytesFromBase64()),
            TypeKind.Timestamp => Value.Timestamp(Instant.Parse(cell.GetString()!)),
            TypeKind.List => Value.List([.. cell.EnumerateArray().Select(e => Cell(e, type.Element!))]),
            _ => throw new NotSupportedException($"{type}"),
        };
    }

    static double Real(JsonElement cell) => cell.ValueKind != JsonValueKind.String ? cell.GetDouble()
        : cell.GetString()!.ToUpperInvariant() switch { "NAN" => double.NaN, "-INFINITY" or "-INF" => double.NegativeInfinity, _ => double.PositiveInfinity };

    static FeatureType TypeOf(string kind) => FeatureType.Parse(kind == "timestamp_naive" ? "timestamp" : kind);
}
