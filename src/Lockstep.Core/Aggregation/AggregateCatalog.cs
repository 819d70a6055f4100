using System.Collections.Frozen;
using System.Reflection;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Aggregation;

/// <summary>The functions of aggregation views, by name.</summary>
public sealed class AggregateCatalog
{
    readonly FrozenDictionary<string, AggregateFunction> _byName;

    public AggregateCatalog(IEnumerable<AggregateFunction> functions)
    {
        All = [.. functions];
        _byName = All.ToFrozenDictionary(f => f.Name, StringComparer.Ordinal);
        Parameters = [.. All.SelectMany(f => f.Parameters).DistinctBy(p => p.Name)];
    }

    /// <summary>Every class of this assembly with <see cref="AggregateFunctionAttribute"/>.</summary>
    public static AggregateCatalog BuiltIn { get; } = new(typeof(AggregateCatalog).Assembly.GetTypes()
        .Select(t => (Type: t, Mark: t.GetCustomAttribute<AggregateFunctionAttribute>()))
        .Where(t => t.Mark is not null).OrderBy(t => t.Mark!.Order)
        .Select(t => (AggregateFunction)Activator.CreateInstance(t.Type)!));

    static readonly Lock s_registering = new();
    static AggregateCatalog? s_known;

    /// <summary>The functions that this process knows: those of the language, and its own.</summary>
    public static AggregateCatalog Known => Volatile.Read(ref s_known) ?? BuiltIn;

    /// <summary>
    /// Makes own functions known to this process, for good: a view version means the same everywhere in it. The same one again, by name and
    /// version, changes nothing.
    /// </summary>
    /// <exception cref="ArgumentException">The name is no name, or taken.</exception>
    public static void Register(params IEnumerable<AggregateFunction> own)
    {
        ArgumentNullException.ThrowIfNull(own);
        lock (s_registering)
            foreach (var function in own)
            {
                if (Names.Mistake(function.Name) is { } mistake) throw new ArgumentException($"The own aggregate '{function.Name}' cannot have this name: {mistake}.");
                if (Reserved.Contains(function.Name)) throw new ArgumentException($"The own aggregate '{function.Name}' cannot have this name: it is a key of features. These are {string.Join(", ", Reserved)}.");
                if (Known.Find(function.Name) is not { } other) s_known = Known.With(function);
                else if (other.GetType() != function.GetType() || other.Version != function.Version)
                    throw new ArgumentException($"There is a function '{function.Name}' already{(BuiltIn.Find(function.Name) is null ? $", of version {other.Version}" : "")}. Give the own aggregate another name.");
            }
    }

    // What else a feature of an aggregation view says.
    static IEnumerable<string> Reserved => ["windows", "hop", "where", "default", "description", .. BuiltIn.Parameters.Select(p => p.Name)];

    /// <summary>Which function of a view this process does not know, as a sentence; null: it knows them all.</summary>
    public static string? Missing(AggregationView view, string id)
    {
        ArgumentNullException.ThrowIfNull(view);
        return view.Features.Select(f => f.Function).FirstOrDefault(f => Known.Find(f) is null) is { } missing
            ? $"View '{id}' uses the function '{missing}', which this program does not have. Run it from the program that registers it (docs/guide/own-aggregates.md)."
            : null;
    }

    public IReadOnlyList<AggregateFunction> All { get; }

    /// <summary>The parameters of all functions, each name once.</summary>
    public IReadOnlyList<AggregateParameter> Parameters { get; }

    public AggregateFunction? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>A catalog with further functions, such as own aggregates.</summary>
    public AggregateCatalog With(params IEnumerable<AggregateFunction> more) => new([.. All, .. more]);

    /// <summary>What is wrong with a use of a function, whatever the column's type is: sentences that begin with <paramref name="which"/>.</summary>
    public IEnumerable<(string? Parameter, string Problem)> Check(string which, string function, bool hasColumn, IReadOnlyDictionary<string, string> parameters, IEnumerable<Window> windows)
    {
        if (Find(function) is not { } found)
        {
            yield return (null, $"{which} uses '{function}', which is not a function.{NearestName.Hint(function, All.Select(f => f.Name), "Functions")}");
            yield break;
        }
        if (!hasColumn && !found.CountsRows) yield return (null, $"{which} needs a column: '*' is for {string.Join(", ", All.Where(f => f.CountsRows).Select(f => f.Name))}.");
        if (!hasColumn && found.CountsRows && found.CheckRows(parameters) is { } rows) yield return (null, $"{which} {rows}");
        foreach (var missing in found.Parameters.Where(p => p.Default is null && !parameters.ContainsKey(p.Name)))
            yield return (null, $"{which} lacks '{missing.Name}', which {found.Name} needs.");
        var sound = true;
        foreach (var (name, text) in parameters)
        {
            if (found.Parameters.FirstOrDefault(p => p.Name == name) is not { } parameter) yield return (name, $"'{name}' of {which} is not used by {found.Name}.");
            else if (parameter.Problem(text) is { } wrong)
            {
                sound = false;
                yield return (name, $"'{name}' of {which} {wrong}");
            }
        }
        if (!sound || found.Parameters.Any(p => p.Default is null && !parameters.ContainsKey(p.Name))) yield break;
        var arguments = new AggregateArguments(found.Parameters, parameters);
        foreach (var window in windows)
            if (found.CheckWindow(window, arguments) is { } problem) yield return (null, $"The window '{window.Name}' of {which}: {problem}");
    }

    /// <summary>Why a function does not take a column of this type, as a sentence; null when it does.</summary>
    public string? CheckType(string function, string column, FeatureType type)
    {
        var found = Find(function)!;
        return found.Accepts(type) ? null
            : $"{function} takes {found.Takes}, and '{column}' is {type}. For {type} there is {string.Join(", ", All.Where(f => f.Accepts(type)).Select(f => f.Name))}.";
    }

    /// <summary>Parameters with those that were left out and have a default.</summary>
    public IReadOnlyDictionary<string, string> Arguments(string function, IReadOnlyDictionary<string, string> parameters)
    {
        var all = new Dictionary<string, string>(parameters, StringComparer.Ordinal);
        foreach (var left in Find(function)?.Parameters ?? [])
            if (left.Default is { } standIn) all.TryAdd(left.Name, standIn);
        return all;
    }

    /// <summary>Binds a use that was checked before.</summary>
    public BoundAggregate Bind(string function, FeatureType? column, IReadOnlyDictionary<string, string> parameters, Window window)
    {
        var found = Find(function) ?? throw new ArgumentException($"There is no function '{function}'.", nameof(function));
        return found.Bind(column, new(found.Parameters, parameters), window);
    }
}
