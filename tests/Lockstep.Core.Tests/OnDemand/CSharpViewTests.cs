using Lockstep.Core.Definitions;
using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.OnDemand;
using Lockstep.Core.Rows;
using Lockstep.Core.Tests.Rows;

namespace Lockstep.Core.Tests.OnDemand;

#pragma warning disable CA1051 // fields are inputs and outputs as well as properties are
public struct RouteInput
{
    public double Distance;
    public double? Wind;
    public string? Carrier { get; set; }
}

public struct RouteOutput
{
    public double? Risk;
    public long Legs;
    public bool? Long;
    public string? Label { get; set; }
}
#pragma warning restore CA1051

sealed class RouteRisk(string version = "1.0.0") : CSharpView<RouteInput, RouteOutput>
{
    public override string Version => version;

    public override void Compute(in RouteInput input, ref RouteOutput output)
    {
        if (input.Distance == 13) throw new InvalidOperationException("thirteen");
        output.Risk = (input.Wind ?? 0) / input.Distance; // not finite for 0
        output.Legs = (long)input.Distance / 1000;
        output.Long = input.Distance > 5000 ? true : null;
        output.Label = input.Carrier is null ? null : input.Carrier + "!";
    }
}

public record struct Everything(
    bool? Flag, long? Number, double? Fraction, string? Words, Utf8Text? Text, DateTimeOffset? At, DateOnly? Day, double[]? Doubles, float[]? Floats, long[]? Longs, string[]? Texts,
    ListValue<double>? DoubleList, ListValue<float>? FloatList, ListValue<long>? LongList);

sealed class Echo : CSharpView<Everything, Everything>
{
    public override void Compute(in Everything input, ref Everything output) => output = input;
}

public sealed class CSharpViewTests
{
    static readonly Schema s_weather = new([new("airport", FeatureType.String), new("observed_at", FeatureType.Timestamp), new("wind", FeatureType.Float32)]);

    const string Stored = """
        kind: entity
        name: airport
        join_keys: { airport: string }
        ---
        kind: source
        name: weather
        table: { path: weather.parquet, timestamp: observed_at }
        ---
        kind: value_view
        name: weather
        entity: airport
        source: weather
        features: { wind: { type: float32, default: 3 } }
        ---

        """;

    const string View = """
        kind: on_demand_view
        name: route
        request: { distance: int64, carrier: string }
        implementation: { csharp: RouteRisk }
        inputs: { wind: weather:wind * 2 }
        features: { legs: { default: -1 } }
        ---
        kind: on_demand_view
        name: over
        features: { risky: "route:risk > 0.001", legs: route:legs + 1 }
        """;

    static BoundDefinitions Bind(string yaml, CSharpViews views, Catalog? registered = null)
    {
        var read = DefinitionReader.Read([("a.yaml", Stored + yaml)]);
        var bound = DefinitionBinder.Bind(read.Definitions, registered ?? Catalog.Empty, _ => s_weather, (_, _) => null, new() { CSharp = views });
        return bound with { Problems = [.. read.Problems, .. bound.Problems] };
    }

    static Catalog Catalog_(BoundDefinitions bound, CSharpViews views)
    {
        Assert.Empty(bound.Problems);
        return bound.ToCatalog(Catalog.Empty, 1).With(new(null, views));
    }

    static readonly CSharpViews s_views = new(new RouteRisk());

    [Fact]
    public void S16_a_csharp_view_is_computed_by_one_method_for_rows_and_batches()
    {
        var set = FeatureSet.Resolve(Catalog_(Bind(View, s_views), s_views), [new() { View = "route" }, new() { View = "over" }], fullNames: true);
        Assert.Equal("route__risk float64, route__legs int64, route__long bool, route__label string, over__risky bool, over__legs int64", string.Join(", ", set.Outputs.Select(o => $"{o.Name} {o.Type}")));
        var program = set.OnDemand!.Program;
        (Value Distance, Value Wind, Value Carrier, string Expected)[] rows =
        [
            (Value.Of(4000L), Value.Of(2f), Value.Of("UA"), "0.001, 4, null, UA!, false, 5"),
            (Value.Of(0L), Value.Of(2f), Value.Null, "null, 0, null, null, null, 1"),             // 4 / 0 is not finite
            (Value.Of(6000L), Value.Null, Value.Of(""), "0.001, 6, true, !, false, 7"),           // the default of wind is 3
            (Value.Null, Value.Of(1f), Value.Of("UA"), "null, null, null, null, null, 0"),        // distance is needed: nothing is computed, legs has its default in 'over'
            (Value.Of(-5L), Value.Of(0f), Value.Of("AA"), "0, 0, null, AA!, false, 1"),           // 0 / -5 is -0
        ];
        var inputs = program.Inputs.Select(i => Column.Create(i.Type)).ToList();
        var frame = program.CreateFrame();
        foreach (var (distance, wind, carrier, expected) in rows)
        {
            for (var i = 0; i < inputs.Count; i++)
            {
                var value = program.Inputs[i].Name switch { "distance" => distance, "carrier" => carrier, _ => wind };
                inputs[i].Append(value);
                frame.SetValue(program.Inputs[i].Slot, value, program.Inputs[i].Type);
            }
            program.Run(frame);
            Assert.Equal(expected, string.Join(", ", program.Outputs.Select(o => frame.GetValue(o.Slot, o.Type))));
        }
        var outputs = program.Outputs.Select(o => Column.Create(o.Type)).ToList();
        program.Run(inputs, outputs, rows.Length, new Scratch());
        for (var r = 0; r < rows.Length; r++) Assert.Equal(rows[r].Expected, string.Join(", ", outputs.Select(o => o.GetValue(r))));
        Assert.False(double.IsNegative(((FixedColumn<double>)outputs[0]).Values[4])); // S3
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void S17_values_of_every_type_go_there_and_back_in_every_bit(int seed)
    {
        CSharpViews views = new(new Echo());
        var fields = new Echo().Inputs;
        var view = $"kind: on_demand_view\nname: e\nrequest: {{ {string.Join(", ", fields.Select(f => $"in_{f.Name}: {f.FeatureType}"))} }}\nimplementation: {{ csharp: Echo }}\ninputs: {{ {string.Join(", ", fields.Select(f => $"{f.Name}: in_{f.Name}"))} }}";
        var program = FeatureSet.Resolve(Catalog_(Bind(view, views), views), [new() { View = "e" }]).OnDemand!.Program;
        RandomValues values = new(seed);
        var inputs = program.Inputs.Select(i => Column.Create(i.Type)).ToList();
        var frame = program.CreateFrame();
        List<Value[]> rows = [];
        for (var r = 0; r < 100; r++)
        {
            var row = program.Inputs.Select(i => values.Value(i.Type)).ToArray();
            for (var i = 0; i < row.Length; i++)
            {
                inputs[i].Append(row[i]);
                frame.SetValue(program.Inputs[i].Slot, row[i], program.Inputs[i].Type);
            }
            rows.Add(row);
            program.Run(frame);
            for (var o = 0; o < program.Outputs.Count; o++) Assert.Equal(Expected(row, o), frame.GetValue(program.Outputs[o].Slot, program.Outputs[o].Type));
        }
        var outputs = program.Outputs.Select(o => Column.Create(o.Type)).ToList();
        program.Run(inputs, outputs, rows.Count, new Scratch());
        for (var r = 0; r < rows.Count; r++)
            for (var o = 0; o < outputs.Count; o++) Assert.True(Expected(rows[r], o) == outputs[o].GetValue(r), $"seed {seed}, row {r}: {program.Outputs[o].Name}");

        Value Expected(Value[] row, int output)
        {
            var field = fields.Single(f => program.Outputs[output].Name.EndsWith(":" + f.Name, StringComparison.Ordinal));
            var place = program.Inputs.ToList().FindIndex(i => i.Name == $"in_{field.Name}");
            var value = row[place];
            if (value.IsNull) return value;
            // .NET has no instants beyond the year 9999, and arrays no nulls.
            if (field.Name == "at" && value.AsInt64 is long.MinValue or long.MaxValue) return Value.Null;
            if (field.Name == "day" && value.AsInt64 == int.MinValue / 2) return Value.Null;
            return value.Kind == TypeKind.List && !field.Name.EndsWith("_list", StringComparison.Ordinal) && value.AsList.Any(e => e.IsNull) ? Value.Null : value;
        }
    }

    sealed class Odd : CSharpView<Odd.In, Odd.Out>
    {
        public struct In { public double X { get; set; } }
        public struct Out { public double[]? List; public float[]? Floats; public double Nan; public DateTimeOffset At; }

        public override void Compute(in In input, ref Out output)
        {
            output.List = [double.NaN, -0.0, 1, double.PositiveInfinity];
            output.Floats = [float.NaN, -0f];
            output.Nan = double.NegativeInfinity;
            output.At = DateTimeOffset.UnixEpoch.AddTicks(-1);
        }
    }

    [Fact]
    public void S3_what_is_not_finite_is_null_and_negative_zero_is_zero_in_lists_too()
    {
        CSharpViews views = new(new Odd());
        var program = FeatureSet.Resolve(Catalog_(Bind("kind: on_demand_view\nname: o\nrequest: { x: float64 }\nimplementation: { csharp: Odd }", views), views), [new() { View = "o" }]).OnDemand!.Program;
        var frame = program.CreateFrame();
        frame.SetValue(program.Inputs[0].Slot, Value.Of(1.0), FeatureType.Float64);
        program.Run(frame);
        var values = program.Outputs.Select(o => frame.GetValue(o.Slot, o.Type)).ToList();
        Assert.Equal([Value.List(Value.Null, Value.Of(0.0), Value.Of(1.0), Value.Null), Value.List(Value.Null, Value.Of(0f)), Value.Null, Value.Timestamp(-1)], values);
    }

    sealed class Twice : CSharpView<Twice.In, Twice.Out>
    {
        public record struct In(double X, Utf8Text Name, ListValue<float> Vector);
        public struct Out { public double Sum; public long Length; }

        public override void Compute(in In input, ref Out output)
        {
            output.Sum = input.X;
            foreach (var item in input.Vector.Items) output.Sum += item;
            output.Length = input.Name.Length;
        }
    }

    [Fact]
    public void S17_a_row_allocates_nothing()
    {
        CSharpViews views = new(new Twice());
        var program = FeatureSet.Resolve(Catalog_(Bind("kind: on_demand_view\nname: t\nrequest: { x: float64, name: string, vector: list<float32> }\nimplementation: { csharp: Twice }", views), views), [new() { View = "t" }]).OnDemand!.Program;
        var frame = program.CreateFrame();
        foreach (var input in program.Inputs)
            frame.SetValue(input.Slot, input.Name switch { "x" => Value.Of(1.0), "name" => Value.Of("abc"), _ => Value.List(Value.Of(1f), Value.Of(2f)) }, input.Type);
        for (var i = 0; i < 100; i++) program.Run(frame);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) program.Run(frame);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(["4", "3"], program.Outputs.Select(o => frame.GetValue(o.Slot, o.Type).ToString()));
    }

    [Fact]
    public void An_exception_names_view_and_row()
    {
        var program = FeatureSet.Resolve(Catalog_(Bind(View, s_views), s_views), [new() { View = "route" }]).OnDemand!.Program;
        var inputs = program.Inputs.Select(i => Column.Create(i.Type)).ToList();
        foreach (var distance in new[] { 1L, 13 })
            for (var i = 0; i < inputs.Count; i++) inputs[i].Append(program.Inputs[i].Name switch { "distance" => Value.Of(distance), _ => Value.Null });
        var thrown = Assert.Throws<CSharpViewException>(() => program.Run(inputs, program.Outputs.Select(o => Column.Create(o.Type)).ToList(), 2, new Scratch()));
        Assert.Equal("View 'route@1.0.0' is written in C#, and threw InvalidOperationException: thirteen", thrown.Message);
        Assert.Equal(1, thrown.Row);
        Assert.IsType<InvalidOperationException>(thrown.InnerException);
    }

    [Fact]
    public void S23_version_and_build_are_part_of_the_meaning_and_another_build_is_refused()
    {
        var bound = Bind(View, s_views);
        var route = bound.Views.Single(v => v.Name == "route");
        Assert.Equal($"1.0.0 {typeof(RouteRisk).Module.ModuleVersionId:N}", route.Constants["csharp/RouteRisk"]);
        Assert.NotEqual(route.Fingerprint, Bind(View, new(new RouteRisk("1.1.0"))).Views.Single(v => v.Name == "route").Fingerprint);
        Assert.Equal(["risk", "legs", "long", "label"], ((OnDemandView)route.View).Features.Select(f => f.Name));
        var catalog = Catalog_(bound, s_views);
        var refused = Assert.Throws<LockstepException>(() => FeatureSet.Resolve(catalog.With(new(null, new(new RouteRisk("2.0.0")))), [new() { View = "route" }]));
        Assert.StartsWith("View 'route@1.0.0' was applied with the C# view 'RouteRisk' 1.0.0 (build ", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("Run the build that was applied, or raise the version of the view and apply again.", refused.Message, StringComparison.Ordinal);
        var missing = Assert.Throws<LockstepException>(() => FeatureSet.Resolve(catalog.With(CatalogContent.None), [new() { View = "over" }]));
        Assert.Equal("View 'route@1.0.0' is written in C#: 'RouteRisk', which this program does not have. C# views: none. Run it from the program that registers it (docs/guide/csharp-views.md).", missing.Message);
    }

    [Fact]
    public void S24_a_registered_version_goes_on_with_its_csharp_version_while_the_program_has_it()
    {
        CSharpViews both = new(new RouteRisk(), new RouteRisk("1.1.0"));
        var registered = Catalog_(Bind(View, s_views), s_views);
        var again = Bind(View, both, registered);
        Assert.StartsWith("1.0.0 ", again.Views.Single(v => v.Name == "route").Constants["csharp/RouteRisk"], StringComparison.Ordinal);
        Assert.Equal("View 'route' 1.0.0 goes on using RouteRisk 1.0.0. Raise its version to use RouteRisk 1.1.0.", Assert.Single(again.Problems).Message);
        Assert.NotNull(FeatureSet.Resolve(again.ToCatalog(registered, 2).With(new(null, both)), [new() { View = "route" }]).OnDemand);
    }

    [Theory]
    [InlineData("inputs: { winds: distance }", "The C# view 'RouteRisk' has no input 'winds'. Did you mean 'wind'?")]
    [InlineData("inputs: { wind: weather:wnd }", "Input 'wind' of view 'route': View 'weather@1.0.0' has no feature 'wnd'. Did you mean 'wind'?")]
    [InlineData("inputs: { wind: carrier }", "The input 'wind' of the C# view 'RouteRisk' is float64; this is string.")]
    [InlineData("", "Input 'wind' of view 'route': There is no 'wind' here. Request fields: carrier, distance.")]
    [InlineData("inputs: { wind: weather:wind }\nfeatures: { rsk: { default: 1 } }", "The C# view 'RouteRisk' of view 'route' has no output 'rsk'. Did you mean 'risk'?")]
    [InlineData("inputs: { wind: weather:wind }\nfeatures: { risk: { default: low } }", "Feature 'risk' of view 'route' is float64; its default low is not.")]
    [InlineData("inputs: { wind: risk }", "Input 'wind' of view 'route': There is no 'risk' here.")]
    public void What_is_wrong_is_said_at_its_place(string rest, string message)
    {
        var problem = Assert.Single(Bind($"kind: on_demand_view\nname: route\nrequest: {{ distance: int64, carrier: string }}\nimplementation: {{ csharp: RouteRisk }}\n{rest}", s_views).Problems);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.NotNull(problem.Location);
    }

    [Fact]
    public void A_request_field_with_the_name_of_an_output_is_named()
    {
        var problem = Assert.Single(Bind("kind: on_demand_view\nname: route\nrequest: { distance: int64, carrier: string, risk: float64 }\nimplementation: { csharp: RouteRisk }\ninputs: { wind: weather:wind }", s_views).Problems);
        Assert.Equal("View 'route' has both a request field and an output 'risk'. Rename the field, or the output with [FeatureName].", problem.Message);
    }

    sealed class NoFields : CSharpView<NoFields.None, RouteOutput>
    {
        public struct None;
        public override void Compute(in None input, ref RouteOutput output) { }
    }

    sealed class WrongType : CSharpView<WrongType.In, RouteOutput>
    {
        public record struct In(decimal Price);
        public override void Compute(in In input, ref RouteOutput output) { }
    }

    sealed class Named : CSharpView<Named.In, RouteOutput>
    {
        public struct In { public double WindSpeed24h { get; set; } [FeatureName("iata")] public string? IATACode { get; set; } public long HTTPStatus { get; set; } }
        public override void Compute(in In input, ref RouteOutput output) { }
    }

    [Fact]
    public void Fields_become_names_and_types_and_what_cannot_is_refused_at_once()
    {
        Assert.Equal(["wind_speed24h float64 False", "iata string True", "http_status int64 False"], new Named().Inputs.Select(i => $"{i.Name} {i.FeatureType} {i.Nullable}"));
        Assert.Equal("The input of NoFields has no public field or property: each is one input.", Assert.Throws<ArgumentException>(() => new NoFields()).Message);
        Assert.StartsWith("The input of WrongType has the input 'Price' of type Decimal. Types: bool, long, double, string", Assert.Throws<ArgumentException>(() => new WrongType()).Message, StringComparison.Ordinal);
        Assert.Equal("There are two C# views 'RouteRisk' of version 1.0.0.", Assert.Throws<ArgumentException>(() => new CSharpViews(new RouteRisk(), new RouteRisk())).Message);
        Assert.Equal("The version of the C# view 'RouteRisk' is 'one'. It must be like 1.0.0.", Assert.Throws<ArgumentException>(() => new CSharpViews(new RouteRisk("one"))).Message);
    }
}
