using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.OfflineStore;
using Lockstep.Runtime.Tests.OfflineStore;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.TrainingSets;

/// <summary>The cases that were recorded against a real Feast, with the results that our rules give for them (tests/data/feast-pit).</summary>
public sealed class FeastCaseTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    public static TheoryData<string> Names => [.. FeastCase.All.Select(c => c.Name)];

    [Fact]
    public void All_cases_are_there() => Assert.Equal(91, FeastCase.All.Count);

    [Theory, MemberData(nameof(Names))]
    public void S18_case_gives_its_lockstep_result(string name)
    {
        var test = FeastCase.All.Single(c => c.Name == name);
        using var folder = new TempFolder();
        var engine = fixture.Engine;
        foreach (var (table, schema, rows) in test.Tables()) TestEngine.Write(engine, folder.At(table + ".parquet"), schema, rows);
        var spineSchema = FeastCase.SchemaOf(test.Spine);
        var spine = TestEngine.Write(engine, folder.At("spine.parquet"), spineSchema, FeastCase.RowsOf(test.Spine));
        var request = new TrainingSetRequest
        {
            Catalog = test.Catalog(),
            Spine = Spine.Of(spine),
            Features = test.Features,
            Timestamp = test.Timestamp,
            FullNames = test.FullNames,
            AsKnown = test.AsKnown,
            Output = new(folder.At("out.parquet"), TableFormat.Parquet),
        };
        var builder = new TrainingSetBuilder(engine, new SourceTables(folder.Path, null!, TimeProvider.System), TimeProvider.System);
        if (test.Expected is not var (columns, expected))
        {
            Assert.Contains("occurs twice", Assert.Throws<LockstepException>(() => builder.Run(request, null, CancellationToken.None)).Message, StringComparison.Ordinal);
            return;
        }

        var report = builder.Run(request, null, CancellationToken.None);

        Assert.Equal(columns, report.Columns.Fields.Select(f => f.Name));
        var found = TestEngine.ReadAll(engine, TestEngine.Table(folder.At("out.parquet")), report.Columns);
        Assert.Equal(expected.GetArrayLength(), found.Count);
        for (var row = 0; row < found.Count; row++)
            for (var i = 0; i < columns.Length; i++)
            {
                var value = FeastCase.Cell(expected[row][i], report.Columns[i].Type);
                Assert.True(value == found[row][i], $"row {row}, {columns[i]}: expected {value}, found {found[row][i]}");
            }
    }
}
