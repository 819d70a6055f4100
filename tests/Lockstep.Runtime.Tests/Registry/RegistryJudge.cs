namespace Lockstep.Runtime.Tests.Registry;

/// <summary>One view of a random project.</summary>
sealed record JudgedView(string Name, int Patch, int Ttl, string Owner)
{
    public string Id => $"{Name}@1.0.{Patch}";
}

/// <summary>One service; <see cref="Selector"/> null asks for the newest.</summary>
sealed record JudgedService(int Version, string View, int? Selector, bool Wide);

sealed record JudgedProject(int SourcePath, IReadOnlyList<JudgedView> Views, IReadOnlyList<JudgedService> Services);

/// <summary>
/// The rules of plan, apply, retire and rollback, written from their description over plain dictionaries: what is registered after
/// each apply, and whether an apply is refused. Slow, obvious, and the judge.
/// </summary>
sealed class RegistryJudge
{
    public sealed record Item(string State, string Text, string Meaning, string Reads);

    /// <summary>After each apply: id → item. Index 0 is the empty registry.</summary>
    public List<Dictionary<string, Item>> States { get; } = [new(StringComparer.Ordinal)];

    public Dictionary<string, Item> Now => States[^1];

    static string Id(JudgedService service) => $"svc@{service.Version}";

    static string NameOf(string id) => id.Split('@')[0];

    /// <returns>Null when it is refused; else whether anything changed.</returns>
    public bool? Apply(JudgedProject project)
    {
        var next = new Dictionary<string, Item>(Now, StringComparer.Ordinal);
        var source = $"path {project.SourcePath}";
        foreach (var view in project.Views)
        {
            // A view means its ttl and its source; an owner is only a text.
            var meaning = $"ttl {view.Ttl} {source}";
            if (Now.TryGetValue(view.Id, out var known))
            {
                if (known.Meaning != meaning) return null;
                if (known.State == "retired") continue;
            }
            next[view.Id] = new("active", $"{meaning} {view.Owner}", meaning, "");
        }
        var names = project.Views.Select(v => v.Name).ToHashSet();
        foreach (var (id, item) in Now.Where(i => !IsService(i.Key) && i.Key != "source" && !names.Contains(NameOf(i.Key))))
            if (item.State != "removed") next[id] = item with { State = "removed" };
        next["source"] = new("active", source, source, "");

        foreach (var service in project.Services)
        {
            var id = Id(service);
            var text = $"{service.View} {service.Selector} {service.Wide}";
            var newest = next.Where(i => NameOf(i.Key) == service.View && i.Value.State == "active" && (service.Selector is null || i.Key == $"{service.View}@1.0.{service.Selector}"))
                .Select(i => i.Key).Order(StringComparer.Ordinal).LastOrDefault();
            if (newest is null) throw new InvalidOperationException("The project asks for a view that is not there.");
            var pin = newest;
            if (Now.TryGetValue(id, out var known))
            {
                // It keeps its version of the view while its author asks for the same and the version is served.
                if (known.State != "retired" && known.Text == text && next[known.Reads].State == "active") pin = known.Reads;
                if (known.Meaning != $"{pin} {service.Wide}") return null;
                if (known.State == "retired") continue;
            }
            next[id] = new("active", text, $"{pin} {service.Wide}", pin);
        }
        if (project.Services.Count == 0)
            foreach (var (id, item) in Now.Where(i => IsService(i.Key) && i.Value.State != "removed"))
                next[id] = item with { State = "removed" };

        if (next.Any(i => IsService(i.Key) && i.Value.State == "active" && next[i.Value.Reads].State != "active")) return null;
        if (Same(next, Now)) return false;
        States.Add(next);
        return true;
    }

    /// <returns>Null when it is refused; else whether anything changed.</returns>
    public bool? Retire(string id)
    {
        if (Now[id].State == "retired") return false;
        if (Now.Any(i => IsService(i.Key) && i.Value.State == "active" && i.Value.Reads == id)) return null;
        States.Add(new(Now, StringComparer.Ordinal) { [id] = Now[id] with { State = "retired" } });
        return true;
    }

    public bool Rollback(int number)
    {
        var next = new Dictionary<string, Item>(StringComparer.Ordinal);
        foreach (var (id, item) in Now) next[id] = States[number].GetValueOrDefault(id) ?? item with { State = "removed" };
        if (Same(next, Now)) return false;
        States.Add(next);
        return true;
    }

    /// <summary>What is there but removed, as lines.</summary>
    public static IEnumerable<string> Lines(Dictionary<string, Item> state)
        => state.Where(i => i.Key != "source").Select(i => $"{i.Key} {i.Value.State} {i.Value.Reads}".TrimEnd()).Order(StringComparer.Ordinal);

    static bool IsService(string id) => id.StartsWith("svc@", StringComparison.Ordinal);

    static bool Same(Dictionary<string, Item> a, Dictionary<string, Item> b) => a.Count == b.Count && a.All(i => b.TryGetValue(i.Key, out var other) && other == i.Value);
}
