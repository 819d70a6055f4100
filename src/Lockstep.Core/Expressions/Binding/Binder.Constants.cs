using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Lookup;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Binding;

// Fitted transformations and lookup tables.
public sealed partial class Binder
{
    const string LookupForm = "lookup(table, key, column)";

    /// <summary>The call of a fitted transformation; false when the name means none.</summary>
    bool TryTransformation(CallSyntax call, out BoundNode? node)
    {
        node = null;
        if (_scope.Constants is not { } constants) return false;
        var name = call.Written ?? call.Name;
        if (constants.Transformation(name, call.Version, out var problem) is not { } transformation)
        {
            if (problem is not null) Error(call.NameSpan, problem);
            else if (call.Version != default) Error(call.NameSpan, $"There is no transformation '{name}'.{NearestName.Hint(name, constants.TransformationNames, "Transformations")}");
            else return false;
            return true;
        }
        if (call.Arguments.Count > 1)
        {
            Error(call.Span, $"The transformation '{name}' takes one argument, or none for the expression that it was learned on, not {call.Arguments.Count}.");
            return true;
        }
        var argument = call.Arguments.Count == 1 ? Bind(call.Arguments[0]) : transformation.Own();
        if (argument is not null) node = Overload(name, transformation.Functions, [argument], call.NameSpan, call.Arguments);
        return true;
    }

    BoundNode? BindLookup(CallSyntax call)
    {
        if (_scope.Constants is not { } constants) return Error(call.Span, "Lookup tables cannot be used here. Use them in an on-demand view.");
        if (call.Arguments.Count < 3 || call.Arguments[0] is not NameSyntax table) return Error(call.Span, $"lookup takes the name of a lookup table, its key and the name of a column, like {LookupForm}.");
        if (constants.Table(table.Name, table.Version, out var problem) is not { } named)
            return Error(table.Span, problem ?? $"There is no lookup table '{table.Name}'.{NearestName.Hint(table.Name, constants.TableNames, "Lookup tables")}");
        var found = named.Version;
        if (call.Arguments[^1] is not NameSyntax { Version: { Major: null } } column)
            return Error(call.Arguments[^1].Span, $"The last argument of lookup is the name of a column. Columns of '{found.Id}': {string.Join(", ", found.Columns.Fields.Select(f => f.Name))}.");
        var ordinal = found.Columns.IndexOf(column.Name);
        if (ordinal < 0) return Error(column.Span, $"Lookup table '{found.Id}' has no column '{column.Name}'.{NearestName.Hint(column.Name, found.Columns.Fields.Select(f => f.Name), "Columns")}");
        IReadOnlyList<SyntaxNode> written = [.. call.Arguments.Skip(1).SkipLast(1)];
        if (written.Count != found.Keys.Count)
            return Error(call.Span, $"Lookup table '{found.Id}' has {(found.Keys.Count == 1 ? "one key" : $"{found.Keys.Count} keys")} ({found.Keys}): write lookup({table.Name}, {string.Join(", ", found.Keys.Fields.Select(f => f.Name))}, {column.Name}).");
        if (BindAll(written) is not { } keys) return null;
        var type = Physical.Widen(found.Columns[ordinal].Type);
        var right = true;
        for (var i = 0; i < keys.Count; i++)
        {
            var wanted = Physical.Widen(found.Keys[i].Type);
            if (keys[i].Type is not { } given || given == wanted) continue;
            right = false;
            Error(written[i].Span, $"The key '{found.Keys[i].Name}' of lookup table '{found.Id}' is {wanted}; this is {given}.{(wanted == FeatureType.String ? " Convert it with cast(… as string)." : wanted == FeatureType.Int64 ? " Convert it with try_cast(… as int64)." : "")}");
        }
        if (!right) return null;
        if (keys.Any(k => k.Type is null)) return WithDefault(_tree.Constant(Value.Null, type), found, ordinal); // a null in the key matches nothing (S4)
        var row = Call(LookupFunctions.Row(named), [keys.Count == 1 ? keys[0] : Composite(keys)]);
        return WithDefault(Call(LookupFunctions.Value(named, ordinal), [row]), found, ordinal);
    }

    BoundNode Composite(IReadOnlyList<BoundNode> keys)
    {
        var key = Call(FunctionCatalog.Hidden("key", keys[0].Type!), [keys[0]]);
        foreach (var part in keys.Skip(1)) key = Call(FunctionCatalog.Hidden("key", FeatureType.Bytes, part.Type!), [key, part]);
        return key;
    }

    BoundNode WithDefault(BoundNode node, LookupTableVersion table, int ordinal) => table.Defaults[ordinal] is { IsNull: false } value
        ? _tree.Special(SpecialForm.Coalesce, node.Type!, [node, _tree.Constant(PhysicalValue.Widen(value), node.Type)])
        : node;
}
