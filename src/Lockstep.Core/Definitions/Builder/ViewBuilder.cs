namespace Lockstep.Core.Definitions.Builder;

/// <summary>A view of any kind, to refer to.</summary>
public interface IViewBuilder
{
    string Name { get; }
}

/// <summary>What all views can say.</summary>
public abstract class ViewBuilder<TSelf> : DefinitionBuilder<TSelf>, IViewBuilder where TSelf : ViewBuilder<TSelf>
{
    readonly List<Expectation> _expect = [];
    readonly SemanticVersion _version;
    bool _online = true;

    private protected ViewBuilder(string name, string version) : base(name)
        => _version = SemanticVersion.TryParse(version, out var parsed) ? parsed : throw new ArgumentException($"'{version}' is not a version. Write it like 1.0.0.", nameof(version));

    /// <summary>Whether it is served online; true unless said otherwise.</summary>
    public TSelf Online(bool online)
    {
        _online = online;
        return Self;
    }

    /// <summary>Conditions like <c>visib between 0 and 10 mostly 0.99</c>; one that does not hold is warned of.</summary>
    public TSelf Expect(params ReadOnlySpan<string> expectations)
    {
        foreach (var expectation in expectations) _expect.Add(Expectation.Parse(expectation));
        return Self;
    }

    /// <summary>A condition that stops runs and training sets where it does not hold.</summary>
    public TSelf Require(string expectation)
    {
        _expect.Add(Expectation.Parse(expectation) with { OnFailure = FailureAction.Block });
        return Self;
    }

    private protected sealed override Definition Build() => View() with { Metadata = Metadata, Version = _version, Online = _online, Expect = [.. _expect] };

    private protected abstract FeatureView View();
}
