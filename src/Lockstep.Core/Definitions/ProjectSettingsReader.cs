using System.Text;
using Lockstep.Core.Definitions.Yaml;

namespace Lockstep.Core.Definitions;

/// <summary>The settings, where there are no errors, and everything that is wrong with the file.</summary>
public sealed record ProjectSettingsReadResult(ProjectSettings? Settings, IReadOnlyList<Problem> Problems);

/// <summary>
/// Reads <c>lockstep.yaml</c> for one environment. <c>${NAME}</c> takes a variable and <c>$${</c> is a plain <c>${</c>. Only values that
/// the environment uses are filled in, so a laptop needs no variable of production. No message shows what a variable holds.
/// </summary>
public static class ProjectSettingsReader
{
    public static ProjectSettingsReadResult Read(string text, string file, string? environment, Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(variable);
        ProblemList problems = new();
        var documents = YamlTree.Read(file, text, problems);
        ProjectSettings? settings = null;
        if (documents.Count == 1 && documents[0] is YamlMap map) settings = Settings(map, environment, problems, Expander(variable, problems));
        else if (problems.Errors == 0) problems.Error(documents.Count > 1 ? documents[1].Location : new(file, 1, 1), $"{ProjectSettings.FileName} must be one mapping with 'project', the name of the project.");
        return new(problems.Errors == 0 ? settings : null, problems.InOrder([file]));
    }

    static ProjectSettings Settings(YamlMap map, string? environment, ProblemList problems, Func<string, Location, string?> expand)
    {
        MapReader main = new(map, SettingsKeys.Project, ProjectSettings.FileName, problems, expand);
        var project = main.Words("project");
        if (project is not null) DefinitionRules.Name(project, $"the project's name '{project}'", main.At("project"), problems);
        List<string> names = [];
        MapReader? chosen = null;
        foreach (var (name, value) in main.Map("environments"))
        {
            names.Add(name.Text);
            DefinitionRules.Name(name.Text, $"the environment '{name.Text}'", name.Location, problems);
            if (value is not YamlMap overrides)
            {
                problems.Error(value.Location, $"The environment '{name.Text}' is {value.What}. It must be a mapping with the settings that differ.");
                continue;
            }
            var what = $"environment '{name.Text}'";
            if (name.Text == environment) chosen = new(overrides, SettingsKeys.Environment, what, problems, expand);
            else Read(new(overrides, SettingsKeys.Environment, what, problems, Unfilled), null, "");
        }
        if (environment is not null && !names.Contains(environment))
            problems.Error(main.At("environments"), $"There is no environment '{environment}'.{NearestName.Hint(environment, names, "Environments")}");
        return Read(main, chosen, project ?? "") with { Environment = environment, Environments = names };
    }

    // The environment's value stands for the main one, key by key, within `server` and `kafka` too.
    static ProjectSettings Read(MapReader main, MapReader? over, string project)
    {
        ProjectSettings standard = new() { Project = project };
        var server = main.Object("server", SettingsKeys.Server, $"'server' of {main.What}");
        var overServer = over?.Object("server", SettingsKeys.Server, $"'server' of {over.What}");
        return standard with
        {
            Registry = Words("registry") ?? standard.Registry,
            OfflineStore = Words("offline_store") ?? standard.OfflineStore,
            OnlineStore = Words("online_store") ?? standard.OnlineStore,
            Kafka = Kafka(main, over),
            Engine = Engine(over?.Find("engine") is null ? main : over) ?? standard.Engine,
            Server = new()
            {
                Host = ServerOf("host")?.Words("host") ?? standard.Server.Host,
                Port = (int)(Number("port", 0, 65535) ?? standard.Server.Port),
                MaxRequestBytes = Number("max_request_bytes", 1, int.MaxValue) ?? standard.Server.MaxRequestBytes,
                MaxSpineBytes = Number("max_spine_bytes", 1, long.MaxValue) ?? standard.Server.MaxSpineBytes,
                MaxEventBytes = (int)(Number("max_event_bytes", 1, 64 << 20) ?? standard.Server.MaxEventBytes),
                MaxPushBytes = Number("max_push_bytes", 1, 1 << 30) ?? standard.Server.MaxPushBytes,
                MaxEntities = (int)(Number("max_entities", 1, 10_000_000) ?? standard.Server.MaxEntities),
                MaxFeatures = (int)(Number("max_features", 1, 1_000_000) ?? standard.Server.MaxFeatures),
                VerifyEvery = ServerOf("verify_every")?.Duration("verify_every") ?? standard.Server.VerifyEvery,
                VerifySample = (int)(Number("verify_sample", 1, 10_000_000) ?? standard.Server.VerifySample),
            },
        };

        string? Words(string key) => (over?.Find(key) is null ? main : over).Words(key);
        MapReader? ServerOf(string key) => overServer?.Find(key) is null ? server : overServer;
        long? Number(string key, long least, long most) => ServerOf(key)?.Integer(key, least, most);
    }

    static SortedDictionary<string, string> Kafka(MapReader main, MapReader? over)
    {
        var all = main.TextMap("kafka");
        foreach (var (name, value) in over?.TextMap("kafka") ?? []) all[name] = value;
        return all;
    }

    // `duckdb`, `"spark: sc://host"` or `{ spark: sc://host }`.
    static string? Engine(MapReader map)
    {
        if (map.Find("engine") is YamlMap)
            return map.Object("engine", SettingsKeys.Spark, $"'engine' of {map.What}")?.Words("spark") is { } address ? $"spark: {address}" : null;
        if (map.Words("engine") is not { } engine) return null;
        if (engine == "duckdb" || engine.StartsWith("spark:", StringComparison.Ordinal)) return engine;
        map.Problems.Error(map.At("engine"), $"'engine' of {map.What} is not known.{NearestName.Hint(StoreAddress.Redact(engine), ["duckdb", "spark: sc://host:15002"], "Engines")}");
        return null;
    }

    // The other environments are checked as far as that goes without their variables.
    static string? Unfilled(string text, Location location) => text.Contains("${", StringComparison.Ordinal) ? null : text;

    static Func<string, Location, string?> Expander(Func<string, string?> variable, ProblemList problems) => (text, location) =>
    {
        StringBuilder result = new();
        for (var at = 0; at < text.Length;)
        {
            if (text.AsSpan(at).StartsWith("$${", StringComparison.Ordinal))
            {
                result.Append("${");
                at += 3;
                continue;
            }
            if (!text.AsSpan(at).StartsWith("${", StringComparison.Ordinal))
            {
                result.Append(text[at++]);
                continue;
            }
            var end = text.IndexOf('}', at);
            var name = end < 0 ? "" : text[(at + 2)..end];
            if (end < 0 || Names.Mistake(name.Replace("_", "", StringComparison.Ordinal)) is not null)
            {
                problems.Error(location, "A variable is written ${NAME}, with letters, digits and underscores. Write $${ where a plain ${ is meant.");
                return null;
            }
            if (variable(name) is not { } value)
            {
                problems.Error(location, $"The environment variable {name} is not set. Set it, or write $${{{name}}} where a plain ${{{name}}} is meant.");
                return null;
            }
            result.Append(value);
            at = end + 1;
        }
        return result.ToString();
    };
}
