using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Rows;

namespace Lockstep.Cli.Evaluation;

/// <summary>An expression with its values.</summary>
/// <param name="Expression">Bound: its type, its tree, and what is suspicious in it.</param>
/// <param name="Columns">What stands before each value: keys, instants, inputs.</param>
/// <param name="Rows">A row of these, and the value last.</param>
internal sealed record Evaluated(BoundExpression Expression, IReadOnlyList<string> Columns, IReadOnlyList<Value[]> Rows);
