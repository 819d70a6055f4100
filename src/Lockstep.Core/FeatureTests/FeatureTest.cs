using Lockstep.Core.Definitions;

namespace Lockstep.Core.FeatureTests;

/// <summary>
/// A test of features as its file has it: rows that are there, and cases, each with an instant, keys and the values that are right then.
/// </summary>
public sealed record FeatureTest
{
    /// <summary>The folder beside <c>features/</c> that holds the files.</summary>
    public const string FolderName = "tests";

    public required string Name { get; init; }
    public required Location Location { get; init; }

    /// <summary>Rows of sources, by their names.</summary>
    public IReadOnlyList<GivenTable> Given { get; init; } = [];

    /// <summary>Rows of views, in place of what the views would compute.</summary>
    public IReadOnlyList<GivenTable> GivenViews { get; init; } = [];

    public required IReadOnlyList<FeatureCase> Cases { get; init; }

    public string File => Location.File;
}

/// <summary>Rows of a source or view.</summary>
public sealed record GivenTable(string Name, Location Location, IReadOnlyList<GivenRow> Rows);

/// <summary>Values by column; a column that is not named is null.</summary>
public sealed record GivenRow(Location Location, IReadOnlyList<NamedValue> Values)
{
    public TestValue? Find(string column) => Values.FirstOrDefault(v => v.Name == column)?.Value;
}

/// <summary>A value of a test file under its name.</summary>
public sealed record NamedValue(string Name, Location Location, TestValue Value);

/// <summary>One vector at one instant.</summary>
public sealed record FeatureCase
{
    /// <summary>Empty for the only case of a test.</summary>
    public string Name { get; init; } = "";

    public required Location Location { get; init; }

    /// <summary>The instant of the training row, and of the request.</summary>
    public required long At { get; init; }

    public IReadOnlyList<NamedValue> Keys { get; init; } = [];

    /// <summary>Fields that the caller sends.</summary>
    public IReadOnlyList<NamedValue> Request { get; init; } = [];

    /// <summary>Ask for the vector of this service, name or name@version; null: for the features that are expected.</summary>
    public string? Service { get; init; }

    public IReadOnlyList<ExpectedFeature> Expect { get; init; } = [];
}

/// <summary>What is right for one feature.</summary>
/// <param name="Name"><c>view:feature</c>, or its name in the service's vector.</param>
/// <param name="Location">Of the name.</param>
/// <param name="Value">Null: only the status counts.</param>
/// <param name="Status">As serving writes it; null: any.</param>
public sealed record ExpectedFeature(string Name, Location Location, TestValue? Value, string? Status);
