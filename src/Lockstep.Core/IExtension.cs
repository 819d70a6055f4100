namespace Lockstep.Core;

/// <summary>What a program of one's own adds to Lockstep: a <see cref="OnDemand.CSharpView"/>, or an <see cref="Aggregation.OwnAggregate{TState, TInput, TOutput}"/>.</summary>
#pragma warning disable CA1040 // it says of a type that a program may be given it
public interface IExtension;
#pragma warning restore CA1040
