using Lockstep.Core.Expressions.Syntax;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Binding;

// Functions, conversions and what their types may be.
public sealed partial class Binder
{
    BoundNode? BindCall(CallSyntax call)
    {
        if (TryTransformation(call, out var transformed)) return transformed;
        switch (call.Name)
        {
            case "lookup":
                return BindLookup(call);
            case "now":
                if (call.Arguments.Count > 0) return Error(call.Span, "now() takes no arguments.");
                if (!_scope.AllowNow) return Error(call.Span, "now() cannot be used here: filters and columns of sources would change with the clock (S16). Use it in an on-demand view.");
                return _tree.Input(Scope.Now, FeatureType.Timestamp);
            case "time_since":
                if (call.Arguments.Count != 1) return Error(call.Span, $"time_since takes one timestamp, not {call.Arguments.Count} arguments.");
                return BindCall(call with { Name = "seconds_between", Arguments = [call.Arguments[0], new CallSyntax(call.NameSpan, "now", call.NameSpan, [])] });
            case "list_transform" or "list_filter" or "list_any" or "list_all":
                return BindLambda(call);
            case "coalesce" or "greatest" or "least":
                return BindVariadic(call, call.Name switch { "coalesce" => SpecialForm.Coalesce, "greatest" => SpecialForm.Greatest, _ => SpecialForm.Least });
            case "concat":
                return BindConcat(call);
            case "nullif":
                return BindNullIf(call);
            case "if":
                return call.Arguments.Count != 3 ? Error(call.Span, $"if takes three arguments (condition, then, else), not {call.Arguments.Count}.")
                    : BindCase(new CaseSyntax(call.Span, null, [(call.Arguments[0], call.Arguments[1])], call.Arguments[2]));
        }
        var overloads = FunctionCatalog.Find(call.Name).Where(o => !o.About.Hidden).ToList();
        if (overloads.Count == 0)
            return Error(call.NameSpan, $"There is no function '{call.Name}'.{NearestName.Hint(call.Name, FunctionCatalog.All.Where(o => !o.About.Hidden).Select(o => o.Name).Concat(FunctionCatalog.SpecialNames).Concat(_scope.Constants?.TransformationNames ?? []), "Functions")}");
        var arguments = BindAll(call.Arguments);
        return arguments is null ? null : Overload(call.Name, overloads, arguments, call.NameSpan, call.Arguments);
    }

    BoundNode? BindVariadic(CallSyntax call, SpecialForm form)
    {
        if (call.Arguments.Count == 0) return Error(call.Span, $"{call.Name} takes at least one argument.");
        var arguments = BindAll(call.Arguments);
        if (arguments is null || Common(arguments, call.Arguments, $"The arguments of {call.Name}", out var type) is not { } converted) return null;
        if (type is null) return _tree.Constant(Value.Null, null);
        if (form != SpecialForm.Coalesce && type.Kind == TypeKind.List) return Error(call.Span, $"{call.Name} has no order for {type}.");
        return converted.Count == 1 ? converted[0] : _tree.Special(form, type, converted);
    }

    BoundNode? BindConcat(CallSyntax call)
    {
        if (call.Arguments.Count == 0) return Error(call.Span, "concat takes at least one argument.");
        var arguments = BindAll(call.Arguments);
        if (arguments is null) return null;
        List<BoundNode> texts = [];
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i].Type is null) continue;
            if (Cast(arguments[i], FeatureType.String, allowFailing: false) is not { } text) return Error(call.Arguments[i].Span, $"concat takes what can be cast to string; this is {arguments[i].Type}.");
            texts.Add(text);
        }
        return texts.Count == 0 ? _tree.Constant(Value.Of(""), FeatureType.String) : _tree.Special(SpecialForm.Concat, FeatureType.String, texts);
    }

    BoundNode? BindNullIf(CallSyntax call)
    {
        if (call.Arguments.Count != 2) return Error(call.Span, $"nullif takes two arguments, not {call.Arguments.Count}.");
        var arguments = BindAll(call.Arguments);
        if (arguments is null) return null;
        if (arguments[0].Type is null || arguments[1].Type is null) return arguments[0];
        var equal = BindComparison(Comparison.Equal, arguments[0], arguments[1], call.Span, call.NameSpan);
        return equal is null ? null : _tree.Special(SpecialForm.Case, arguments[0].Type!, [equal, _tree.Constant(Value.Null, null), arguments[0]]);
    }

    BoundNode? BindLambda(CallSyntax call)
    {
        if (call.Arguments.Count != 2 || call.Arguments[1] is not LambdaSyntax lambda || lambda.Parameters.Count != 1)
            return Error(call.Span, $"{call.Name} takes a list and a lambda of one parameter, like {call.Name}(prices, x -> x * 2).");
        var list = Bind(call.Arguments[0]);
        if (list is null) return null;
        if (list.Type?.Kind != TypeKind.List) return Error(call.Arguments[0].Span, $"{call.Name} takes a list; this is {list.Type?.ToString() ?? "null"}.");
        var parameter = _tree.Parameter(lambda.Parameters[0], Compiling.Physical.Widen(list.Type.Element!));
        _parameters.Add(parameter);
        var body = Bind(lambda.Body);
        _parameters.RemoveAt(_parameters.Count - 1);
        if (body is null) return null;
        var form = call.Name switch { "list_transform" => ListForm.Transform, "list_filter" => ListForm.Filter, "list_any" => ListForm.Any, _ => ListForm.All };
        if (form != ListForm.Transform && !Want(FeatureType.Bool, [body], [lambda.Body], $"The lambda of {call.Name}")) return null;
        if (body.Type is null) return Error(lambda.Body.Span, "The lambda is always null.");
        return _tree.Lambda(form, form switch { ListForm.Transform => FeatureType.List(body.Type), ListForm.Filter => list.Type, _ => FeatureType.Bool }, list, parameter, body);
    }

    BoundNode? BindCast(CastSyntax syntax)
    {
        var operand = Bind(syntax.Operand);
        if (operand is null) return null;
        if (syntax.Type.Kind is TypeKind.Int32 or TypeKind.Float32)
            return Error(syntax.TypeSpan, $"Expressions compute with int64 and float64; cast to {Compiling.Physical.Widen(syntax.Type)}.");
        if (operand.Type is null) return _tree.Constant(Value.Null, syntax.Type);
        if (operand.Type == syntax.Type) return operand;
        if (Cast(operand, syntax.Type, allowFailing: syntax.Try) is { } cast) return cast;
        if (!syntax.Try && Cast(operand, syntax.Type, allowFailing: true) is not null)
            return Error(syntax.Span, $"{operand.Type} to {syntax.Type} can fail. Write try_cast(… as {syntax.Type}), which gives null where it does.");
        return Error(syntax.Span, $"There is no conversion from {operand.Type} to {syntax.Type}.");
    }

    /// <summary>Null: there is none of the kind that is allowed.</summary>
    BoundNode? Cast(BoundNode node, FeatureType to, bool allowFailing)
    {
        if (node.Type == to) return node;
        var isDecimal = node.Type!.Kind == TypeKind.Decimal;
        foreach (var word in allowFailing ? (string[])["to", "try"] : ["to"])
            foreach (var overload in FunctionCatalog.Find($"{word} {to}"))
            {
                if (isDecimal && overload.Parameters is [{ Kind: TypeKind.Decimal }, _])
                    return Call(overload, [node, _tree.Constant(Value.Of((long)node.Type.Scale), FeatureType.Int64)]);
                if (overload.Parameters.Count == 1 && overload.Parameters[0] == node.Type) return Call(overload, [node]);
            }
        return null;
    }

    /// <summary>The overload whose parameters the arguments fit with the least widening; the first of equals.</summary>
    BoundNode? Overload(string name, IReadOnlyList<FunctionOverload> overloads, IReadOnlyList<BoundNode> arguments, TextSpan at, IReadOnlyList<SyntaxNode> syntax)
    {
        FunctionOverload? best = null;
        var bestCost = int.MaxValue;
        foreach (var overload in overloads)
        {
            if (overload.Parameters.Count != arguments.Count) continue;
            var cost = 0;
            for (var i = 0; i < arguments.Count && cost < int.MaxValue; i++)
                cost = Widening(arguments[i].Type, overload.Parameters[i]) is { } step ? cost + step : int.MaxValue;
            if (cost < bestCost) (best, bestCost) = (overload, cost);
        }
        if (best is null)
        {
            var found = string.Join(", ", arguments.Select(a => a.Type?.ToString() ?? "null"));
            var takes = string.Join(" or ", overloads.Take(6).Select(o => $"({string.Join(", ", o.Parameters)})"));
            var what = char.IsLetter(name[0]) && name != "neg" ? name : $"'{(name == "neg" ? "-" : name)}'";
            if (name == "like") what = "'like'";
            var text = syntax.FirstOrDefault(s => arguments[syntax.ToList().IndexOf(s)].Type == FeatureType.String);
            return Error(at, $"{what} takes {takes}; found ({found}).{(text is not null && overloads.All(o => !o.Parameters.Contains(FeatureType.String)) ? " Convert the text with try_cast(… as float64)." : "")}");
        }
        if (arguments.Any(a => a.Type is null)) return _tree.Constant(Value.Null, best.Result); // a function of null is null
        return Call(best, [.. arguments.Select((a, i) => Convert(a, best.Parameters[i]))]);
    }

    BoundNode Call(FunctionOverload function, IReadOnlyList<BoundNode> arguments)
    {
        if (arguments.All(a => a is ConstantNode) && ConstantFolder.TryFold(function, [.. arguments.Select(a => ((ConstantNode)a).Value)], out var value))
        {
            var folded = _tree.Constant(value, function.Result);
            return arguments is [ConstantNode { Written: true } written] && written.Value.ToString() == value.ToString() ? folded.AsWritten() : folded;
        }
        return _tree.Call(function, function.Result, arguments);
    }

    static int? Widening(FeatureType? from, FeatureType to)
    {
        if (from is null || from == to) return 0;
        return (from.Kind, to.Kind) switch
        {
            (TypeKind.Int64, TypeKind.Float64) => 1,
            (TypeKind.Decimal, TypeKind.Float64) => 2,
            (TypeKind.Date, TypeKind.Timestamp) => 1,
            // Elements of a list keep their narrow types, so that an embedding is read as it is stored.
            (TypeKind.List, TypeKind.List) => (from.Element!.Kind, to.Element!.Kind) switch
            {
                (TypeKind.Int32, TypeKind.Int64) or (TypeKind.Int64, TypeKind.Float64) or (TypeKind.Float32, TypeKind.Float64) => 1,
                (TypeKind.Int32, TypeKind.Float64) => 2,
                _ => null,
            },
            _ => null,
        };
    }

    BoundNode Convert(BoundNode node, FeatureType to)
    {
        if (node.Type is null) return _tree.Constant(Value.Null, to);
        if (node is ListNode && node.Type != to) return _tree.List(to, [.. node.Children.Select(c => Convert(c, to.Element!))]);
        return node.Type == to ? node : Cast(node, to, allowFailing: false)!;
    }

    /// <summary>The type that both fit without a cast; null when there is none.</summary>
    static FeatureType? Unify(FeatureType a, FeatureType b)
    {
        if (a == b) return a;
        if (Widening(a, b) is not null) return b;
        if (Widening(b, a) is not null) return a;
        return a.IsNumeric && b.IsNumeric ? FeatureType.Float64 : null;
    }

    List<BoundNode>? Common(IReadOnlyList<BoundNode> nodes, IReadOnlyList<SyntaxNode> syntax, string who, out FeatureType? type)
    {
        type = null;
        for (var i = 0; i < nodes.Count; i++)
        {
            if (nodes[i].Type is not { } found) continue;
            var common = type is null ? found : Unify(type, found);
            if (common is null)
            {
                Error(syntax[i].Span, $"{who} have one type: {type} before, {found} here.{CastHint(type!, found)}");
                return null;
            }
            type = common;
        }
        if (type is not { } target) return [.. nodes];
        return [.. nodes.Select(n => Convert(n, target))];
    }
}
