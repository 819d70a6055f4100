using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Definitions;

namespace Lockstep.Runtime.Registry;

/// <summary>
/// How people name a registered object: <c>weather</c>, <c>weather@1.0.0</c>, <c>weather@1</c> (the newest 1.x.y), <c>source/weather</c> where a
/// source and a view share the name (<c>value_view/weather</c> will do), and <c>#3</c> behind any of them for what it was after apply 3.
/// </summary>
public sealed record ObjectReference(string Name, VersionSelector Version, ObjectCategory? Category, long? AsOf)
{
    public static ObjectReference Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var rest = text.Trim();
        long? asOf = null;
        if (rest.IndexOf('#', StringComparison.Ordinal) is var hash and >= 0)
        {
            if (!long.TryParse(rest.AsSpan(hash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var apply)) throw Wrong(text);
            (asOf, rest) = (apply, rest[..hash]);
        }
        ObjectCategory? category = null;
        if (rest.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0)
        {
            var word = rest[(rest.LastIndexOf('_', slash) + 1)..slash]; // value_view is a view, as it is printed
            if (!Enum.TryParse<ObjectCategory>(word, ignoreCase: true, out var known) || !Enum.IsDefined(known)) throw Wrong(text);
            (category, rest) = (known, rest[(slash + 1)..]);
        }
        var version = VersionSelector.Newest;
        if (rest.IndexOf('@', StringComparison.Ordinal) is var at and >= 0)
        {
            if (!VersionSelector.TryParse(rest[(at + 1)..], out version)) throw Wrong(text);
            rest = rest[..at];
        }
        return rest.Length > 0 ? new(rest, version, category, asOf) : throw Wrong(text);
    }

    /// <summary>All versions that it names, of every category, oldest first.</summary>
    public IReadOnlyList<RegisteredObject> FindAll(RegistrySnapshot snapshot, bool removedToo = false)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var named = snapshot.Objects.Where(o => o.Key.Name == Name && (Category ?? o.Key.Category) == o.Key.Category).ToList();
        var found = named.FindAll(o => (removedToo || o.State != ObjectState.Removed) && Matches(o.Key));
        if (found.Count > 0) return found;
        var versions = named.FindAll(o => o.Key.IsVersioned).ConvertAll(o => o.Key.Version + (o.State == ObjectState.Active ? "" : $" ({o.State.ToString().ToLowerInvariant()})"));
        if (versions.Count > 0) throw new LockstepException(ErrorKind.NotFound, $"'{this}' is not registered. Versions: {string.Join(", ", versions)}.");
        if (named.Count > 0) throw new LockstepException(ErrorKind.NotFound, $"'{this}' is not registered any more.");
        throw new LockstepException(ErrorKind.NotFound, $"'{Name}' is not registered.{NearestName.Hint(Name, snapshot.Objects.Where(o => o.State != ObjectState.Removed).Select(o => o.Key.Name), "Registered")}");
    }

    /// <summary>The one object that it names: of several versions the newest that is served, else the newest.</summary>
    public RegisteredObject FindOne(RegistrySnapshot snapshot, bool removedToo = false)
    {
        var found = FindAll(snapshot, removedToo);
        var categories = found.Select(o => o.Key.Category).Distinct().ToList();
        if (categories.Count > 1)
            throw new LockstepException(ErrorKind.BadArguments, $"'{Name}' is {string.Join(" and ", categories.Select(c => $"a {Word(c)}"))}. Say which: {string.Join(" or ", categories.Select(c => $"{Word(c)}/{Name}"))}.");
        return found.LastOrDefault(o => o.IsActive) ?? found[^1];
    }

    public override string ToString() => $"{(Category is { } category ? Word(category) + "/" : "")}{Name}{Version}{(AsOf is { } apply ? $"#{apply}" : "")}";

    internal static string Word(ObjectCategory category) => category.ToString().ToLowerInvariant();

    bool Matches(ObjectKey key) => key.IsVersioned
        ? SemanticVersion.TryParse(key.Version, out var version) && Version.Matches(version)
        : Version == VersionSelector.Newest;

    static LockstepException Wrong(string text) => new(ErrorKind.BadArguments,
        $"'{text}' does not name a registered object. Write name, name@1.0.0, or source/name where several kinds share a name; name#3 is what it was after apply 3.");
}
