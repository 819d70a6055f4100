using Lockstep.Core.Definitions;
using Lockstep.Core.Lookup;
using Lockstep.Core.OnDemand;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Tests.OnDemand;

/// <summary>S23, S24: which fits and lookup tables a view uses is decided when it is applied, and is part of what it means.</summary>
public sealed class ConstantPinTests
{
    const string Transformations = """
        kind: transformation
        name: scale
        fit: standard
        input: log1p(amount)
        columns: { amount: float64 }
        ---
        kind: transformation
        name: Risk
        version: 2.0.0
        fit: target_mean
        input: shop
        target: fraud
        columns: { shop: string, fraud: bool }
        ---
        kind: lookup_table
        name: shops
        table: { path: shops.csv }
        key: { shop: string }
        columns: { lat: float64 }
        ---

        """;

    const string View = """
        kind: on_demand_view
        name: v
        request: { amount: float64, shop: string }
        features: { a: scale(amount) * 2, b: scale(), c: Risk@2(shop), d: "lookup(shops, shop, lat)" }
        """;

    sealed class Content(string hash) : ILookupSnapshots
    {
        public LookupData Load(LookupTableVersion table)
        {
            LookupSnapshot.Writer writer = new(table);
            ColumnBatch batch = new(new Schema([.. table.Keys.Fields, .. table.Columns.Fields]));
            batch.AppendRow(Value.Of("corner"), Value.Of(40.5));
            writer.Add(batch);
            return LookupSnapshot.Read(writer.Finish(), table.Columns);
        }

        public DefinitionContent Definition => new() { Lookup = _ => new(hash, 1, 10, 0) };
    }

    static BoundDefinitions Bind(string yaml, Catalog? registered = null, string hash = "h1")
    {
        var read = DefinitionReader.Read([("a.yaml", Transformations + yaml)]);
        Assert.Empty(read.Problems);
        return DefinitionBinder.Bind(read.Definitions, registered ?? Catalog.Empty, _ => null, (_, _) => null, new Content(hash).Definition);
    }

    // Registers what is bound, and fits.
    static Catalog Applied(BoundDefinitions bound, Catalog? before, params (string Name, int Number, string Parameters)[] fits)
    {
        var catalog = bound.ToCatalog(before ?? Catalog.Empty, 1);
        return new(1, catalog.Entities.Values, catalog.Sources.Values, catalog.Views, catalog.Services)
        {
            Transformations = catalog.Transformations,
            LookupTables = catalog.LookupTables,
            Content = new(new Content(""), CSharpViews.None),
            Fits = [.. catalog.Fits, .. fits.Select(f => new Fit
            {
                Name = f.Name,
                Number = f.Number,
                Transformation = catalog.Transformations.Last(t => t.Name == f.Name).Version,
                TransformationFingerprint = catalog.Transformations.Last(t => t.Name == f.Name).Fingerprint,
                AsOf = 0,
                Statistics = new() { Spine = "s", Rows = 1, Nulls = 0, RowsAfter = 0, RowsWithoutTime = 0 },
                Views = new SortedDictionary<string, string>(),
                Parameters = f.Parameters,
            })],
        };
    }

    const string Scale = """{"mean":1,"stddev":2}""", OtherScale = """{"mean":1,"stddev":4}""", Risk = """{"categories":["corner"],"means":[0.25],"unknown":0.5}""";

    static readonly Catalog s_fitted = Applied(Bind(""), null, ("scale", 1, Scale), ("Risk", 7, Risk));

    static ViewVersion V(BoundDefinitions bound)
    {
        Assert.DoesNotContain(bound.Problems, p => p.Severity == Severity.Error);
        return Assert.Single(bound.Views);
    }

    [Fact]
    public void S23_a_view_pins_the_newest_fits_and_tables_and_computes_with_them()
    {
        var bound = Bind(View, s_fitted);
        var view = V(bound);
        Assert.Equal(["table/shops=table/shops@1.0.0", "transformation/Risk@2=fit/Risk@7", "transformation/scale=fit/scale@1"], view.Constants.Select(c => $"{c.Key}={c.Value}"));
        Assert.Equal("a float64, b float64, c float64, d float64", view.Features.ToString());
        Assert.Equal(view.Constants, DefinitionJson.ReadViewVersion(DefinitionJson.Write(view)).Constants);

        var set = FeatureSet.Resolve(bound.ToCatalog(s_fitted, 2).With(s_fitted.Content), [new() { View = "v" }]);
        Assert.Equal(["amount float64", "shop string"], set.OnDemand!.RequestFields.Select(f => $"{f.Name} {f.Type}").Order());
        Assert.Equal(["4", "-0.15342640972002736", "0.25", "40.5"], Run(set, 5.0, "corner")); // (5 - 1) / 2 * 2; (ln 2 - 1) / 2 when amount is 1
        Assert.Equal(["0", "-0.15342640972002736", "0.5", "null"], Run(set, 1.0, "none"));

        static IEnumerable<string> Run(FeatureSet set, double amount, string shop)
        {
            var program = set.OnDemand!.Program;
            var frame = program.CreateFrame();
            foreach (var input in program.Inputs) frame.SetValue(input.Slot, input.Name == "amount" ? Value.Of(amount) : Value.Of(shop), input.Type);
            program.Run(frame);
            var values = program.Outputs.Select(o => frame.GetValue(o.Slot, o.Type).ToString()).ToList();
            foreach (var input in program.Inputs) frame.SetValue(input.Slot, input.Name == "amount" ? Value.Of(1.0) : Value.Of(shop), input.Type);
            program.Run(frame);
            values[1] = frame.GetValue(program.Outputs[1].Slot, program.Outputs[1].Type).ToString();
            return values;
        }
    }

    [Fact]
    public void S23_what_was_learned_and_what_a_table_holds_is_part_of_the_meaning_and_nothing_else_of_them_is()
    {
        var first = V(Bind(View, s_fitted)).Fingerprint;
        Assert.NotEqual(first, V(Bind(View, Applied(Bind(""), null, ("scale", 1, OtherScale), ("Risk", 7, Risk)))).Fingerprint);
        Assert.Equal(first, V(Bind(View, Applied(Bind(""), null, ("scale", 9, Scale), ("Risk", 2, Risk)))).Fingerprint); // numbers are of a registry
        var other = Bind(View, Applied(Bind("", hash: "h2"), null, ("scale", 1, Scale), ("Risk", 7, Risk)), "h2");
        Assert.NotEqual(first, V(other).Fingerprint);
    }

    [Fact]
    public void S24_a_registered_version_goes_on_using_its_fits_and_tables_and_says_so()
    {
        var before = Applied(Bind(View, s_fitted), s_fitted);
        var after = Applied(Bind(View, before), before, ("scale", 2, OtherScale));
        var again = Bind(View, after);
        Assert.Equal("fit/scale@1", V(again).Constants["transformation/scale"]);
        Assert.Equal(V(Bind(View, s_fitted)).Fingerprint, V(again).Fingerprint);
        Assert.Equal("View 'v' 1.0.0 goes on using fit 1 of scale (1.0.0). Raise its version to use fit 2.", Assert.Single(again.Problems).Message);
        var next = Bind(View.Replace("name: v", "name: v\nversion: 1.0.1", StringComparison.Ordinal), after);
        Assert.Equal("fit/scale@2", V(next).Constants["transformation/scale"]);
        Assert.Empty(next.Problems);
        // A new version of a table, likewise.
        var read = DefinitionReader.Read([("a.yaml", Transformations.Replace("name: shops", "name: shops\nversion: 1.1.0", StringComparison.Ordinal) + View)]);
        var raised = DefinitionBinder.Bind(read.Definitions, after, _ => null, (_, _) => null, new Content("h2").Definition);
        Assert.Equal("table/shops@1.0.0", V(raised).Constants["table/shops"]);
        Assert.Contains(raised.Problems, p => p.Message == "View 'v' 1.0.0 goes on using shops@1.0.0. Raise its version to use shops@1.1.0.");
    }

    [Fact]
    public void S23_a_fit_of_another_meaning_or_a_retired_one_is_not_used()
    {
        var changed = Bind("", null, "h1").Transformations.Single(t => t.Name == "scale");
        Catalog Fitted(Func<Fit, Fit> change) => new(1, [], [], [], []) { Transformations = s_fitted.Transformations, LookupTables = s_fitted.LookupTables, Content = s_fitted.Content, Fits = [.. s_fitted.Fits.Select(change)] };
        foreach (var registered in new[] { Fitted(f => f with { TransformationFingerprint = "other" }), Fitted(f => f with { Transformation = new(9, 0, 0) }), Fitted(f => f with { Retired = true }) })
            Assert.Contains(Bind(View, registered).Problems, p => p.Message.Contains("The transformation 'scale@1.0.0' has not been fitted yet. Learn its parameters with: lockstep fit scale", StringComparison.Ordinal));
        Assert.Equal(changed.Fingerprint, s_fitted.Transformations.Single(t => t.Name == "scale").Fingerprint);
    }

    public static TheoryData<string, string, bool> Changes => new()
    {
        { "input: log1p(amount)", "input: log1p(amount) + 1", true },
        { "fit: standard", "fit: min_max", true },
        { "fit: target_mean", "fit: target_mean\nsmoothing: 11", true },
        { "fit: target_mean", "fit: target_mean\nsmoothing: 10", false },
        { "fit: target_mean", "fit: target_mean\nunknown: mean", false },
        { "target: fraud", "target: not fraud", true },
        { "{ amount: float64 }", "{ amount: float32 }", true },
        { "name: scale", "name: scale\ndescription: d\nowner: o\ntags: { a: b }", false },
        { "name: scale", "name: scale\nversion: 3.0.0", false },
    };

    [Theory, MemberData(nameof(Changes))]
    public void S23_what_changes_the_meaning_of_a_transformation(string text, string other, bool changes)
    {
        var read = DefinitionReader.Read([("a.yaml", Transformations.Replace(text, other, StringComparison.Ordinal))]);
        var bound = DefinitionBinder.Bind(read.Definitions, Catalog.Empty, _ => null, (_, _) => null, new Content("h").Definition);
        Assert.Empty(bound.Problems);
        Assert.Equal(changes, !bound.Transformations.Select(t => t.Fingerprint).SequenceEqual(Bind("").Transformations.Select(t => t.Fingerprint)));
    }
}
