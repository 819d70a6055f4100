using Lockstep.Core.Definitions;
using Lockstep.Runtime.Registry;

namespace Lockstep.Runtime.Lookup;

/// <summary>A registry whose catalogs find the snapshots of lookup tables and the C# views of this program.</summary>
public sealed class RegistryWithContent(IRegistry inner, CatalogContent content) : IRegistry
{
    public string Name => inner.Name;

    public ValueTask<long> NumberAsync(CancellationToken token) => inner.NumberAsync(token);

    public async ValueTask<RegistrySnapshot> LoadAsync(CancellationToken token, long? asOf = null) => (await inner.LoadAsync(token, asOf)).With(content);

    public ValueTask<IReadOnlyList<ObjectRevision>> RevisionsAsync(ObjectCategory category, string name, CancellationToken token) => inner.RevisionsAsync(category, name, token);

    public ValueTask<RegistryApply> AppendAsync(ChangeSet changes, CancellationToken token) => inner.AppendAsync(changes, token);

    public void Dispose() => inner.Dispose();
}
