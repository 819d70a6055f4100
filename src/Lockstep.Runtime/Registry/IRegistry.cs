using Lockstep.Core;

namespace Lockstep.Runtime.Registry;

/// <summary>
/// An append-only log of applies. The newest revision of each object is what is registered; nothing is ever rewritten or deleted.
/// A reader sees the registry before or after an apply (S21). Safe for several threads and several processes.
/// A registry that was never written to reads as empty and is not created by reading.
/// </summary>
public interface IRegistry : IDisposable
{
    /// <summary>Where it is, for messages; never a secret.</summary>
    string Name { get; }

    /// <summary>Number of the newest apply, 0 before the first. Cheap enough to ask every second.</summary>
    ValueTask<long> NumberAsync(CancellationToken token);

    /// <summary>What is registered now, or what was after apply <paramref name="asOf"/>.</summary>
    ValueTask<RegistrySnapshot> LoadAsync(CancellationToken token, long? asOf = null);

    /// <summary>Every revision of every version of a name, oldest first.</summary>
    ValueTask<IReadOnlyList<ObjectRevision>> RevisionsAsync(ObjectCategory category, string name, CancellationToken token);

    /// <summary>
    /// Appends all changes or none, as the apply after <see cref="ChangeSet.Base"/>.
    /// <see cref="ErrorKind.Conflict"/> when the registry is at another number, or is another one.
    /// </summary>
    /// <returns>The line that it wrote into the history.</returns>
    ValueTask<RegistryApply> AppendAsync(ChangeSet changes, CancellationToken token);
}
