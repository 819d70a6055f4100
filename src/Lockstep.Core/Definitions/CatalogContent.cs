using Lockstep.Core.Lookup;
using Lockstep.Core.OnDemand;

namespace Lockstep.Core.Definitions;

/// <summary>What the definitions of a catalog name and a registry does not hold: snapshots of lookup tables, and C# views of the program that runs.</summary>
public sealed record CatalogContent(ILookupSnapshots? Snapshots, CSharpViews CSharp)
{
    public static readonly CatalogContent None = new(null, CSharpViews.None);

    internal LookupData Load(LookupTableVersion table) => Snapshots?.Load(table)
        ?? throw new LockstepException(ErrorKind.Failed, $"The content of lookup table '{table.Id}' cannot be read here: this program was given no place where snapshots are.");
}
