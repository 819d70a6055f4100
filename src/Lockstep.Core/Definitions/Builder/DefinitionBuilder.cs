namespace Lockstep.Core.Definitions.Builder;

internal interface IDefinitionBuilder
{
    Definition Build();
}

/// <summary>What every definition can say for people.</summary>
public abstract class DefinitionBuilder<TSelf> : IDefinitionBuilder where TSelf : DefinitionBuilder<TSelf>
{
    readonly SortedDictionary<string, string> _tags = new(StringComparer.Ordinal);
    Metadata _metadata = Definitions.Metadata.None;

    private protected DefinitionBuilder(string name) => Name = name ?? throw new ArgumentNullException(nameof(name));

    public string Name { get; }

    public TSelf Description(string text) => With(_metadata with { Description = text });
    public TSelf Owner(string owner) => With(_metadata with { Owner = owner });
    public TSelf Domain(string domain) => With(_metadata with { Domain = domain });
    public TSelf FreshnessSla(TimeSpan sla) => With(_metadata with { FreshnessSla = Micros(sla) });

    public TSelf Tag(string name, string value)
    {
        _tags[name] = value;
        return Self;
    }

    private protected TSelf Self => (TSelf)this;
    private protected Metadata Metadata => _metadata with { Tags = new SortedDictionary<string, string>(_tags, StringComparer.Ordinal) };

    Definition IDefinitionBuilder.Build() => Build();

    private protected abstract Definition Build();

    private protected static long Micros(TimeSpan span) => span.Ticks % TimeSpan.TicksPerMicrosecond == 0
        ? span.Ticks / TimeSpan.TicksPerMicrosecond
        : throw new ArgumentException($"{span} is finer than a microsecond, the smallest unit of time here.", nameof(span));

    TSelf With(Metadata metadata)
    {
        _metadata = metadata;
        return Self;
    }
}
