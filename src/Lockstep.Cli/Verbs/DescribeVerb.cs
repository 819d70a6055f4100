using System.CommandLine;
using Lockstep.Cli.Output;
using Lockstep.Core.Expectations;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Expectations;
using Lockstep.Runtime.Registry;
using Lockstep.Server;

namespace Lockstep.Cli.Verbs;

/// <summary>Says all that is known of one object.</summary>
internal sealed class DescribeVerb : Verb
{
    readonly Argument<string> _name = Completions.RegisteredName(new("name") { Description = "name, name@version, or kind/name such as source/weather; name#3 is what it was after apply 3" });

    public override string Name => "describe";
    public override VerbGroup Group => VerbGroup.Look;
    public override string Summary => "Say all that is known of a view, service, source, entity, transformation, fit or lookup table";
    public override IReadOnlyList<Argument> Arguments => [_name];
    public override IReadOnlyList<Example> Examples => [new("lockstep describe weather", "the newest version, and the source of that name"), new("lockstep describe weather@1.0.0", "one version")];

    public override string JsonSample => $$"""
        [
          {
            "object": { "kind": "value_view", "name": "weather", "version": "1.0.0" },
            "fingerprint": "…",
            "keys": [ { "name": "airport", "type": "string", "default": null, "description": null, "computed": null } ],
            "features": [ { "name": "precip", "type": "float64", "default": "0", "description": null, "computed": null } ],
            "facts": [], "reads": [], "used_by": ["feature_service late_flight@1 (model late_flight_gbm)"], "versions": ["1.0.0"],
            "last_change": { "number": 1, "at": "2026-01-05T10:00:00Z", "author": "ana", "reason": "", "verb": "apply", "restored": null, "changes": 9 },
            "definition": { "kind": "value_view" }, "expectations": [ {{ExpectationLines.Sample}} ]
          }
        ]
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        await using var host = context.OpenProject();
        var items = await host.RegistryService.DescribeAsync(context.Get(_name)!, token);
        List<IReadOnlyList<ExpectationResult>> results = [];
        foreach (var item in items) results.Add(await LastAsync(item, host, token));
        if (context.Json)
            context.WriteJson(RegistryJson.List(items.Zip(results), i =>
            {
                var json = RegistryJson.Of(i.First);
                json["expectations"] = ExpectationJson.ToNode(i.Second);
                return json;
            }));
        else
            for (var i = 0; i < items.Count; i++)
            {
                if (i > 0) context.Out.WriteLine();
                Write(items[i], context.Console);
                if (results[i].Count == 0) continue;
                context.Out.WriteLine();
                ExpectationLines.Write(results[i], context.Console, "  ");
            }
        return ExitCode.Done;
    }

    /// <summary>What became of its expectations in the last run that read rows.</summary>
    static async Task<IReadOnlyList<ExpectationResult>> LastAsync(ObjectDescription item, ProjectHost host, CancellationToken token)
    {
        if (item.Object.Kind != Core.Definitions.ValueView.KindName) return [];
        var runs = await host.Runs.ListAsync($"{item.Object.Name}@{item.Object.Version}", 20, token);
        return runs.Select(r => r.End?.Expectations ?? []).FirstOrDefault(e => e.Any(x => x.Rows > 0)) ?? [];
    }

    static void Write(ObjectDescription item, CliConsole console)
    {
        var (to, paint) = (console.Out, console.OutPaint);
        var o = item.Object;
        to.WriteLine(paint.Bold($"{o.Kind} {o.Name}{(o.Version.Length == 0 ? "" : $"@{o.Version}")}") + (o.State == ObjectState.Active ? "" : paint.Yellow($" ({RegistryJson.Word(o.State)})")));
        if (o.Description is { } description) to.WriteLine($"  {description}");
        var facts = new TextTable("", "");
        Fact("owner", o.Owner);
        Fact("domain", o.Domain);
        Fact("tags", string.Join(", ", o.Tags.Select(t => $"{t.Key}={t.Value}")));
        Fact("entities", string.Join(", ", o.Entities));
        Fact("sources", string.Join(", ", o.Sources));
        foreach (var fact in item.Facts) Fact(fact.Name, fact.Value);
        Fact("keys", string.Join(", ", item.Keys.Select(k => $"{k.Name} {k.Type}")));
        if (Core.Definitions.DefinitionJson.Read(item.Definition) is Core.Definitions.OnDemandView onDemand) Fact("request", string.Join(", ", onDemand.Request));
        Fact("reads", string.Join(", ", item.Reads));
        Fact("used by", string.Join(", ", item.UsedBy));
        Fact("versions", string.Join(", ", item.Versions));
        Fact("changed", $"{Instant.Format(item.LastChange.At)} by {item.LastChange.Author}, apply {item.LastChange.Number}{(item.LastChange.Reason.Length == 0 ? "" : $": {item.LastChange.Reason}")}");
        Fact("meaning", item.Fingerprint);
        facts.Write(console, "  ");
        if (item.Features.Count == 0) return;
        to.WriteLine();
        var name = o.Kind is Core.Definitions.Source.KindName or Core.Definitions.LookupTable.KindName ? "column" : "feature";
        (string Header, Func<FeatureDescription, string?> Of)[] columns = [(name, f => f.Name), ("type", f => f.Type), ("default", f => f.Default), ("computed by", f => f.Computed?.ReplaceLineEndings(" ")), ("description", f => f.Description)];
        columns = [.. columns.Where(c => item.Features.Any(f => c.Of(f) is not null))];
        var features = new TextTable([.. columns.Select(c => c.Header)]);
        foreach (var feature in item.Features) features.Add([.. columns.Select(c => c.Of(feature) ?? "")]);
        features.Write(console, "  ");

        void Fact(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value)) facts.Add(name, value);
        }
    }
}
