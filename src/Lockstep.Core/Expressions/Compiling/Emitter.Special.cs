using System.Linq.Expressions;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Expressions.Functions;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Compiling;

// Forms with rules of their own about null, and lists.
sealed partial class Emitter
{
    Emitted Special(SpecialNode node) => node.Form switch
    {
        SpecialForm.And => Logic(node, deciding: false),
        SpecialForm.Or => Logic(node, deciding: true),
        SpecialForm.IsNull => IsNull(node),
        SpecialForm.Coalesce => Coalesce(node),
        SpecialForm.Case => Case(node),
        SpecialForm.Greatest => Extreme(node, Comparison.Greater),
        SpecialForm.Least => Extreme(node, Comparison.Less),
        SpecialForm.Concat => Concat(node),
        _ => throw new InvalidOperationException($"No code for {node.Form}."),
    };

    // Three-valued: one operand of the deciding value decides, whatever the others are; else a null makes null.
    Emitted Logic(SpecialNode node, bool deciding)
    {
        var operands = (deciding ? WithSets(node.Children) : node.Children.Select(Emit)).ToList();
        Expression? decided = null, all = null;
        foreach (var operand in operands)
        {
            var value = deciding ? operand.Value : Expression.Not(operand.Value);
            var decides = operand.Has is null ? value : Expression.And(operand.Has, value);
            decided = decided is null ? decides : Expression.Or(decided, decides);
            if (operand.Has is not null) all = Both(all, operand.Has);
        }
        var result = Variable(typeof(bool));
        Add(Set(result, decided!));
        Expression? has = null;
        if (all is not null)
        {
            has = Variable(typeof(bool));
            Add(Set(has, Expression.Or(result, all)));
        }
        if (deciding) return new(has, result);
        var negated = Variable(typeof(bool));
        Add(Set(negated, Expression.Not(result)));
        return new(has, negated);
    }

    // What 'in' becomes: several equalities of one text with constants are one look into a set.
    IEnumerable<Emitted> WithSets(IReadOnlyList<BoundNode> operands)
    {
        var texts = operands.OfType<CompareNode>().Where(IsTextEquality).GroupBy(c => c.Children[0]).Where(g => g.Count() > 2).ToDictionary(g => g.Key, g => g.ToList());
        HashSet<BoundNode> done = [];
        foreach (var operand in operands)
        {
            if (operand is not CompareNode compare || !IsTextEquality(compare) || !texts.TryGetValue(compare.Children[0], out var all))
            {
                yield return Emit(operand);
                continue;
            }
            if (!done.Add(compare.Children[0])) continue;
            var text = Emit(compare.Children[0]);
            var set = new TextSet(all.Select(c => ((ConstantNode)c.Children[1]).Value.AsString));
            var value = Variable(typeof(bool));
            Add(Set(value, Expression.Call(Constant(set, typeof(TextSet)), nameof(TextSet.Contains), null, text.Value)));
            yield return new(text.Has, value);
        }

        static bool IsTextEquality(CompareNode node)
            => node.Comparison == Comparison.Equal && node.Children[0].Type?.Kind == TypeKind.String && node.Children[1] is ConstantNode { Value.IsNull: false };
    }

    Emitted IsNull(SpecialNode node)
    {
        var operand = Emit(node.Children[0]);
        return new(null, operand.Has is null ? Expression.Constant(false) : Expression.Not(operand.Has));
    }

    Emitted Coalesce(SpecialNode node)
    {
        var (has, value) = (Variable(typeof(bool)), Variable(Physical.Of(node.Type!)));
        Add(From(0));
        return new(has, value);

        Expression From(int index) => Scoped(() =>
        {
            var operand = Emit(node.Children[index]);
            var take = Expression.Block(Set(value, operand.Value), Set(has, Expression.Constant(true)));
            if (operand.Has is null) Add(take);
            else Add(Expression.IfThenElse(operand.Has, take, index + 1 < node.Children.Count ? From(index + 1) : Set(has, Expression.Constant(false))));
        });
    }

    Emitted Case(SpecialNode node)
    {
        var (has, value) = (Variable(typeof(bool)), Variable(Physical.Of(node.Type!)));
        Add(From(0));
        return new(has, value);

        Expression From(int index) => Scoped(() =>
        {
            if (index == node.Children.Count - 1)
            {
                Take(node.Children[index]);
                return;
            }
            var condition = Emit(node.Children[index]);
            Add(Expression.IfThenElse(Both(condition.Has, condition.Value), Scoped(() => Take(node.Children[index + 1])), From(index + 2)));
        });

        void Take(BoundNode branch)
        {
            var result = Emit(branch);
            if (branch.Type is not null) Add(Set(value, result.Value));
            Add(Set(has, result.HasOrTrue));
        }
    }

    Emitted Extreme(SpecialNode node, Comparison better)
    {
        var (has, best) = (Variable(typeof(bool)), Variable(Physical.Of(node.Type!)));
        Add(Set(has, Expression.Constant(false)));
        foreach (var child in node.Children)
        {
            var operand = Emit(child);
            var take = Expression.Block(Set(best, operand.Value), Set(has, Expression.Constant(true)));
            var wins = Expression.OrElse(Expression.Not(has), Order(better, operand.Value, best, node.Type!, node.Type!));
            Add(Expression.IfThen(operand.Has is null ? wins : Expression.AndAlso(operand.Has, wins), take));
        }
        return new(has, best);
    }

    Emitted Concat(SpecialNode node)
    {
        var text = Variable(typeof(Utf8Text));
        var append = typeof(Operators).GetMethod(nameof(Operators.Concatenate))!;
        Add(Set(text, Expression.Default(typeof(Utf8Text))));
        foreach (var child in node.Children)
        {
            var operand = Emit(child);
            Expression step = Set(text, Expression.Call(append, scratch, text, operand.Value));
            Add(operand.Has is null ? step : Expression.IfThen(operand.Has, step));
        }
        return new(null, text);
    }

    Emitted List(ListNode node)
    {
        if (node.Children.All(c => c is ConstantNode))
        {
            var constant = Value.List([.. node.Children.Select(c => ((ConstantNode)c).Value)]);
            return new(null, Constant(PhysicalValue.From(constant, node.Type!, widen: false), Physical.Of(node.Type!)));
        }
        var element = Physical.Of(node.Type!.Element!);
        var maker = Maker(element);
        Add(Expression.Assign(maker, Expression.Call(typeof(ListMaker<>).MakeGenericType(element), nameof(ListMaker<int>.Start), null, scratch, Expression.Constant(node.Children.Count))));
        foreach (var child in node.Children) AddElement(maker, Emit(child));
        return Finish(maker, node);
    }

    Emitted Lambda(LambdaNode node)
    {
        var list = Emit(node.List);
        var source = Physical.Of(node.List.Type!.Element!);
        var result = node.Form is ListForm.Any or ListForm.All ? null : Physical.Of(node.Type!.Element!);
        var (index, count) = (Variable(typeof(int)), Variable(typeof(int)));
        var (anyDecided, anyNull) = (Variable(typeof(bool)), Variable(typeof(bool)));
        var maker = result is null ? null : Maker(result);
        var done = Expression.Label();
        var loop = Scoped(() =>
        {
            Add(Set(index, Expression.Constant(0)));
            Add(Set(count, Expression.Property(list.Value, nameof(ListValue<int>.Count))));
            Add(Set(anyDecided, Expression.Constant(false)));
            Add(Set(anyNull, Expression.Constant(false)));
            if (maker is not null) Add(Expression.Assign(maker, Expression.Call(maker.Type, nameof(ListMaker<int>.Start), null, scratch, count)));
            Add(Expression.Loop(Scoped(() =>
            {
                Add(Expression.IfThen(Expression.GreaterThanOrEqual(index, count), Expression.Break(done)));
                var item = Variable(source);
                var there = Variable(typeof(bool));
                Add(Set(item, Expression.Call(typeof(ListMaker), nameof(ListMaker.At), [source], list.Value, index)));
                Add(Set(there, Expression.Not(Expression.Call(list.Value, nameof(ListValue<int>.IsNull), null, index))));
                var parameter = new Emitted(there, source == typeof(float) ? Expression.Convert(item, typeof(double)) : source == typeof(int) ? Expression.Convert(item, typeof(long)) : item);
                _blocks.Peek().Known[node.Parameter] = parameter;
                var body = Emit(node.Body);
                switch (node.Form)
                {
                    case ListForm.Transform:
                        AddElement(maker!, body);
                        break;
                    case ListForm.Filter:
                        Add(Expression.IfThen(Both(body.Has, body.Value), Scoped(() => AddElement(maker!, new(there, item)))));
                        break;
                    default:
                        var decides = node.Form == ListForm.Any ? body.Value : Expression.Not(body.Value);
                        Add(Expression.IfThen(Both(body.Has, decides), Set(anyDecided, Expression.Constant(true))));
                        if (body.Has is not null) Add(Expression.IfThen(Expression.Not(body.Has), Set(anyNull, Expression.Constant(true))));
                        break;
                }
                Add(Expression.PreIncrementAssign(index));
            }), done));
        });
        var (has, value) = (Variable(typeof(bool)), Variable(Physical.Of(node.Type!)));
        var ready = Expression.Block(loop, maker is not null
            ? Expression.Block(Set(value, Expression.Call(maker, nameof(ListMaker<int>.ToList), null)), Set(has, Expression.Constant(true)))
            : Expression.Block(
                Set(has, Expression.OrElse(anyDecided, Expression.Not(anyNull))),
                Set(value, node.Form == ListForm.Any ? anyDecided : Expression.Not(anyDecided))));
        Add(list.Has is null ? ready : Expression.IfThenElse(list.Has, ready, Set(has, Expression.Constant(false))));
        return new(has, value);
    }

    ParameterExpression Maker(Type element) => Variable(typeof(ListMaker<>).MakeGenericType(element));

    void AddElement(Expression maker, Emitted element)
        => Add(Expression.Call(maker, nameof(ListMaker<int>.Add), null, element.HasOrTrue, element.Value));

    Emitted Finish(ParameterExpression maker, BoundNode node)
    {
        var value = Variable(Physical.Of(node.Type!));
        Add(Set(value, Expression.Call(maker, nameof(ListMaker<int>.ToList), null)));
        return new(null, value);
    }
}

static class ListMaker
{
    public static T At<T>(ListValue<T> list, int index) => list.Items[index];
}

/// <summary>A list that is being made in the scratch memory.</summary>
struct ListMaker<T>
{
    T[] _items;
    ulong[] _validity;
    int _start;
    int _validityStart;
    int _count;
    bool _nulls;

    public static ListMaker<T> Start(Scratch scratch, int capacity)
    {
        var maker = new ListMaker<T> { _items = scratch.RentList<T>(capacity, out var start), _start = start };
        maker._validity = scratch.RentList<ulong>((capacity + 63) >> 6, out var words);
        maker._validityStart = words << 6;
        return maker;
    }

    public void Add(bool has, T item)
    {
        _items[_start + _count] = item;
        var bit = _validityStart + _count;
        if (has) _validity[bit >> 6] |= 1UL << (bit & 63);
        else
        {
            _validity[bit >> 6] &= ~(1UL << (bit & 63));
            _nulls = true;
        }
        _count++;
    }

    public readonly ListValue<T> ToList() => new(_items, _start, _count, _nulls ? _validity : null, _validityStart);
}
