using System.Buffers.Binary;
using System.Text;
using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Fitting;
using Lockstep.Core.Lookup;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Rows;

namespace Lockstep.Core.Tests.Expressions;

/// <summary>Fitted transformations of every method and lookup tables with every type of column, small enough that keys are met and missed.</summary>
sealed class TestConstants : INamedConstants
{
    public static readonly Schema Columns = new(
    [
        new("t_flag", FeatureType.Bool), new("t_small", FeatureType.Int32), new("t_big", FeatureType.Int64), new("t_f", FeatureType.Float32), new("t_d", FeatureType.Float64),
        new("t_price", FeatureType.Decimal(12, 2)), new("t_name", FeatureType.String), new("t_bytes", FeatureType.Bytes), new("t_at", FeatureType.Timestamp), new("t_day", FeatureType.Date),
        new("t_vector", FeatureType.List(FeatureType.Float32)), new("t_numbers", FeatureType.List(FeatureType.Float64)), new("t_words", FeatureType.List(FeatureType.String)),
        new("t_days", FeatureType.List(FeatureType.Date)), new("t_whole", FeatureType.List(FeatureType.Int64)),
    ]);

    readonly Dictionary<string, (string Method, FitParameters Parameters)> _fits;
    readonly Dictionary<string, NamedTable> _tables = new(StringComparer.Ordinal);

    /// <summary>Rows by the name of the table, key parts first.</summary>
    public static Dictionary<string, List<Value[]>> Rows { get; } = new(StringComparer.Ordinal);

    public TestConstants(int seed)
    {
        CategorySet names = new([Value.Of("a"), Value.Of(""), Value.Of("é"), Value.Of("ab")]), numbers = new([Value.Of(0L), Value.Of(-1L), Value.Of(long.MinValue)]);
        _fits = new(StringComparer.Ordinal)
        {
            ["standard"] = ("standard", new StandardParameters(0.1, 0.3)),
            ["range"] = ("min_max", new MinMaxParameters(-1.5, 7, false)),
            ["clipped"] = ("min_max", new MinMaxParameters(0.1, 1e308, true)),
            ["bins"] = ("quantiles", new QuantileParameters([-1.5, 0, 0.1, 1e300])),
            ["names"] = ("categories", new CategoryParameters(names, -7)),
            ["names_or_null"] = ("categories", new CategoryParameters(names, null)),
            ["numbers_seen"] = ("categories", new CategoryParameters(numbers, null)),
            ["numbers_mean"] = ("target_mean", new TargetMeanParameters(numbers, [0.25, 1e-300, -3], 0.5)),
            ["flags"] = ("target_mean", new TargetMeanParameters(new([Value.Of(true)]), [0.75], null)),
            ["words_of"] = ("vocabulary", new VocabularyParameters(["a", "z", "é"], [1, 0.1, 2.5], seed % 2 == 0)),
        };
        AddAirports();
        Add("by_name", [new("k", FeatureType.String)], seed);
        Add("by_two", [new("k1", FeatureType.String), new("k2", FeatureType.Int32), new("k3", FeatureType.Bool)], seed);
    }

    // The example of the reference.
    void AddAirports()
    {
        LookupTable table = new() { Name = "airports", Key = [new("airport", FeatureType.String)], Path = "", Format = TableFormat.Csv, Columns = [new() { Name = "lat", Column = "lat", Type = FeatureType.Float64 }] };
        LookupTableVersion version = new() { Table = table, Fingerprint = "", Content = new("airports", 0, 0, 0) };
        LookupSnapshot.Writer writer = new(version);
        ColumnBatch batch = new(new Schema([new("airport", FeatureType.String), new("lat", FeatureType.Float64)]));
        batch.AppendRow(Value.Of("JFK"), Value.Of(40.639751));
        writer.Add(batch);
        var data = LookupSnapshot.Read(writer.Finish(), version.Columns);
        _tables["airports"] = new(version, () => data);
    }

    void Add(string name, IReadOnlyList<Field> keys, int seed)
    {
        RandomValues values = new(seed);
        LookupTable table = new()
        {
            Name = name,
            Key = keys,
            Path = "",
            Format = TableFormat.Parquet,
            Columns = [.. Columns.Fields.Select(f => new ValueFeature { Name = f.Name, Column = f.Name, Type = f.Type, Default = f.Name == "t_small" ? Value.Of(41) : f.Name == "t_name" ? Value.Of("none") : Value.Null })],
        };
        LookupTableVersion version = new() { Table = table, Fingerprint = "", Content = new($"{name} {seed}", 0, 0, 0) };
        LookupSnapshot.Writer writer = new(version);
        List<Value[]> rows = [];
        HashSet<string> seen = [];
        for (var i = 0; i < 40; i++)
        {
            Value[] row = [.. keys.Select(k => values.Value(k.Type)), .. values.Row(Columns)];
            // Whatever is read by the engine has no negative zeros and no dates beyond the calendar; keys without null, each once.
            if (row.Take(keys.Count).Any(k => k.IsNull) || !seen.Add(string.Join('|', row.Take(keys.Count)))) continue;
            rows.Add(row);
        }
        ColumnBatch batch = new(new([.. keys, .. Columns.Fields]));
        foreach (var row in rows) batch.AppendRow(row);
        writer.Add(batch);
        var data = LookupSnapshot.Read(writer.Finish(), Columns);
        Rows[$"{name} {seed}"] = rows;
        _tables[name] = new(version, () => data);
    }

    public IEnumerable<string> TransformationNames => _fits.Keys;
    public IEnumerable<string> TableNames => _tables.Keys;

    public NamedTransformation? Transformation(string name, VersionSelector version, out string? problem)
    {
        problem = null;
        if (!_fits.TryGetValue(name, out var fit)) return null;
        Fit of = new() { Name = name, Number = 1, Transformation = default, TransformationFingerprint = name, AsOf = 0, Views = new Dictionary<string, string>(), Parameters = fit.Parameters.ToJson(), Statistics = new() { Spine = "", Rows = 0, Nulls = 0, RowsAfter = 0, RowsWithoutTime = 0 } };
        return new(FitFunctions.Of(of, fit.Method), () => null);
    }

    public NamedTable? Table(string name, VersionSelector version, out string? problem)
    {
        problem = null;
        return _tables.GetValueOrDefault(name);
    }
}

/// <summary>Fitted transformations and lookups from their definitions: dictionaries, loops over rows.</summary>
static class NaiveConstants
{
    public static Value Apply(CallNode node, List<Value> arguments)
    {
        var x = arguments[0];
        switch (node.Function.Constant!.Value)
        {
            case StandardParameters p: return Value.Of((x.AsFloat64 - p.Mean) / p.Deviation);
            case MinMaxParameters p:
                var place = (x.AsFloat64 - p.Least) / (p.Most - p.Least);
                return Value.Of(p.Clip ? Math.Min(1, Math.Max(0, place)) : place);
            case QuantileParameters p: return Value.Of((long)p.Boundaries.Count(b => b <= x.AsFloat64));
            case CategoryParameters p:
                var found = p.Categories.Values.ToList().IndexOf(x);
                return found >= 0 ? Value.Of((long)found) : p.Unknown is { } unknown ? Value.Of(unknown) : Value.Null;
            case TargetMeanParameters p:
                var at = p.Categories.Values.ToList().IndexOf(x);
                return at >= 0 ? Value.Of(p.Means[at]) : p.Unknown is { } otherwise ? Value.Of(otherwise) : Value.Null;
            case VocabularyParameters p:
                var words = x.Kind == TypeKind.List ? [.. x.AsList.Where(w => !w.IsNull).Select(w => w.AsString)] : x.AsString.Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
                var weights = p.Terms.Values.Select((t, i) => words.Count(w => w == t.AsString) * p.Weights[i]).ToArray();
                var length = Math.Sqrt(weights.Aggregate(0.0, (sum, w) => sum + w * w));
                return Value.List([.. weights.Select(w => Value.Of(p.L2 && length > 0 ? w / length : w))]);
            case LookupData:
                var rows = TestConstants.Rows[node.Function.Constant.Key];
                var row = rows.OrderBy(r => Key(r[..^TestConstants.Columns.Count]), Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))).ToList()
                    .FindIndex(r => Key(r[..^TestConstants.Columns.Count]).AsSpan().SequenceEqual(x.Kind == TypeKind.Bytes ? x.AsBytes : Encoding.UTF8.GetBytes(x.AsString)));
                return row < 0 ? Value.Null : Value.Of((long)row);
            default: // a column: of the row at that place in the order of keys
                var (table, ordinal) = node.Function.Constant.Key.Split(' ') is [var name, var seed, var column] ? ($"{name} {seed}", int.Parse(column, System.Globalization.CultureInfo.InvariantCulture)) : throw new InvalidOperationException(node.Function.Constant.Key);
                var ordered = TestConstants.Rows[table].OrderBy(r => Key(r[..^TestConstants.Columns.Count]), Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))).ToList();
                var value = ordered[(int)x.AsInt64][^TestConstants.Columns.Count..][ordinal];
                return value.IsNull ? value : value.Kind switch { TypeKind.Int32 => Value.Of((long)value.AsInt32), TypeKind.Float32 => Value.Of((double)value.AsFloat32), _ => value };
        }
    }

    // One part alone; several with lengths before texts.
    static byte[] Key(Value[] parts)
    {
        if (parts.Length == 1) return Encoding.UTF8.GetBytes(parts[0].AsString);
        List<byte> key = [];
        foreach (var part in parts)
            switch (part.Kind)
            {
                case TypeKind.Bool: key.Add(part.AsBool ? (byte)1 : (byte)0); break;
                case TypeKind.String:
                    var text = Encoding.UTF8.GetBytes(part.AsString);
                    var length = new byte[4];
                    BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
                    key.AddRange([.. length, .. text]);
                    break;
                default:
                    var number = new byte[8];
                    BinaryPrimitives.WriteInt64LittleEndian(number, part.AsInt64);
                    key.AddRange(number);
                    break;
            }
        return [.. key];
    }
}
