using Lockstep.Compliance;
using Lockstep.Runtime.Registry;
using Lockstep.Sqlite.Registry;

namespace Lockstep.Sqlite.Tests.Registry;

public sealed class SqliteRegistryComplianceTests : RegistryCompliance, IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("lockstep-registry-").FullName;

    protected override IRegistry Open() => new SqliteRegistry(Path.Combine(_folder, "data", "registry.db"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
