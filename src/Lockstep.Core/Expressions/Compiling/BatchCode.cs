using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using Lockstep.Core.Expressions.Binding;
using Lockstep.Core.Rows;

namespace Lockstep.Core.Expressions.Compiling;

/// <summary>Gathers the values of one output of a batch before they are appended in one piece.</summary>
abstract class OutputBuffer
{
    public ulong[] Validity = [];
    public abstract void Begin(Column to, int rows);
    public abstract void End(int rows);

    public static OutputBuffer Create(FeatureType type) => type.Kind switch
    {
        TypeKind.Bool => new Fixed<byte>(),
        TypeKind.Date => new Fixed<int>(),
        TypeKind.Int64 or TypeKind.Timestamp => new Fixed<long>(),
        TypeKind.Float64 => new Fixed<double>(),
        TypeKind.Decimal => new Fixed<Int128>(),
        TypeKind.String or TypeKind.Bytes => new Bytes(),
        TypeKind.List => (OutputBuffer)Activator.CreateInstance(typeof(List<>).MakeGenericType(Physical.Of(type.Element!)), type.Element!)!,
        _ => throw new NotSupportedException($"No batch output of type {type}."),
    };

    public sealed class Fixed<T> : OutputBuffer where T : unmanaged, IComparable<T>
    {
        public T[] Values = [];
        FixedColumn<T>? _to;
        T[]? _lent; // the column's own

        public override void Begin(Column to, int rows)
        {
            _to = (FixedColumn<T>)to;
            if (_to.Count == 0)
            {
                _to.Reserve(rows);
                Values = _to.Buffer; // no copy afterwards
            }
            else if (Values.Length < rows || ReferenceEquals(Values, _lent)) Values = new T[rows];
            _lent = _to.Count == 0 ? Values : null;
            if (Validity.Length < (rows + 63) >> 6) Validity = new ulong[(rows + 63) >> 6];
            Validity.AsSpan().Fill(ulong.MaxValue);
        }

        public override void End(int rows)
        {
            var whole = true;
            var used = Validity.AsSpan(0, (rows + 63) >> 6);
            foreach (var word in used) whole &= word == ulong.MaxValue; // bits past the last row stay set
            if (ReferenceEquals(Values, _lent)) _to!.Filled(rows, whole ? [] : used);
            else _to!.AppendRange(Values.AsSpan(0, rows), whole ? [] : used);
        }
    }

    public sealed class Bytes : OutputBuffer
    {
        BytesColumn? _to;
        public override void Begin(Column to, int rows) => _to = (BytesColumn)to;
        public override void End(int rows) { }

        public void Append(bool has, Utf8Text text)
        {
            if (has) _to!.Append(text.Span); else _to!.AppendNull();
        }

        public void AppendBlob(bool has, Blob bytes) => Append(has, bytes.Bytes);
    }

    public sealed class List<T>(FeatureType element) : OutputBuffer
    {
        ListColumn? _to;
        public override void Begin(Column to, int rows) => _to = (ListColumn)to;
        public override void End(int rows) { }

        public void Append(bool has, ListValue<T> list)
        {
            if (!has)
            {
                _to!.AppendNull();
                return;
            }
            for (var i = 0; i < list.Count; i++)
                if (list.IsNull(i)) _to!.Elements.AppendNull();
                else AppendItem(list.Items[i]);
            _to!.EndRow();
        }

        void AppendItem(T item)
        {
            switch (_to!.Elements, item)
            {
                case (FixedColumn<double> c, double d): c.Append(d); break;
                case (FixedColumn<float> c, float f): c.Append(f); break;
                case (FixedColumn<long> c, long n): c.Append(n); break;
                case (BytesColumn c, Utf8Text t): c.Append(t.Span); break;
                default: _to.Elements.Append(PhysicalValue.ToValue(item!, element)); break;
            }
        }
    }
}

/// <summary>
/// One loop over the rows of a batch in which all expressions of a program are computed. Columns are read where they stand: a text is
/// a slice of its column. Two codes a program: batches without any null skip every test for null.
/// </summary>
sealed class BatchCode
{
    readonly Action<Column[], OutputBuffer[], int, Scratch> _run;
    readonly FeatureType[] _outputs;

    [ThreadStatic] static Dictionary<BatchCode, (Column[] Inputs, OutputBuffer[] Outputs)>? s_buffers;

    BatchCode(Action<Column[], OutputBuffer[], int, Scratch> run, FeatureType[] outputs) => (_run, _outputs) = (run, outputs);

    public void Run(IReadOnlyList<Column> inputs, IReadOnlyList<Column> outputs, int rows, Scratch scratch)
    {
        s_buffers ??= [];
        if (!s_buffers.TryGetValue(this, out var buffers))
        {
            if (s_buffers.Count > 64) s_buffers.Clear(); // programs of former applies
            s_buffers[this] = buffers = (new Column[inputs.Count], [.. _outputs.Select(OutputBuffer.Create)]);
        }
        for (var i = 0; i < inputs.Count; i++) buffers.Inputs[i] = inputs[i];
        for (var i = 0; i < outputs.Count; i++) buffers.Outputs[i].Begin(outputs[i], rows);
        _run(buffers.Inputs, buffers.Outputs, rows, scratch);
        for (var i = 0; i < outputs.Count; i++) buffers.Outputs[i].End(rows);
    }

    public static BatchCode Compile(IReadOnlyList<(string Name, BoundNode Node)> expressions, IReadOnlyList<ProgramInput> inputs, bool mayHaveNulls)
    {
        var columns = Expression.Parameter(typeof(Column[]));
        var buffers = Expression.Parameter(typeof(OutputBuffer[]));
        var rows = Expression.Parameter(typeof(int));
        var scratch = Expression.Parameter(typeof(Scratch));
        var row = Expression.Variable(typeof(int));
        List<ParameterExpression> hoisted = [row];
        List<Expression> prologue = [];
        var loads = inputs.Select((input, i) => new BatchLoad(input, Expression.ArrayIndex(columns, Expression.Constant(i)), row, mayHaveNulls, hoisted, prologue))
            .ToDictionary(l => l.Name, StringComparer.Ordinal);
        var emitter = new Emitter(scratch, input => loads[input.Name].Emit(), row);
        if (expressions.Any(e => NeedsScratch(e.Node))) emitter.Statements.Add(Expression.Call(scratch, nameof(Scratch.Reset), null));
        List<Expression> stores = [];
        for (var i = 0; i < expressions.Count; i++)
        {
            var result = emitter.Emit(expressions[i].Node);
            var type = expressions[i].Node.Type ?? FeatureType.Bool;
            var buffer = Expression.Variable(OutputBuffer.Create(type).GetType());
            hoisted.Add(buffer);
            prologue.Add(Expression.Assign(buffer, Expression.Convert(Expression.ArrayIndex(buffers, Expression.Constant(i)), buffer.Type)));
            if (type.Kind is TypeKind.String or TypeKind.Bytes or TypeKind.List)
            {
                stores.Add(Expression.Call(buffer, type.Kind == TypeKind.Bytes ? nameof(OutputBuffer.Bytes.AppendBlob) : nameof(OutputBuffer.Bytes.Append), null, result.HasOrTrue, result.Value));
                continue;
            }
            var values = Expression.Field(buffer, nameof(OutputBuffer.Fixed<int>.Values));
            var hoistedValues = Expression.Variable(values.Type);
            hoisted.Add(hoistedValues);
            prologue.Add(Expression.Assign(hoistedValues, values));
            Expression store = Expression.Assign(Expression.ArrayAccess(hoistedValues, row), Stored(result.Value));
            if (result.Has is null)
            {
                stores.Add(store);
                continue;
            }
            var validity = Expression.Variable(typeof(ulong[]));
            hoisted.Add(validity);
            prologue.Add(Expression.Assign(validity, Expression.Field(buffer, nameof(OutputBuffer.Validity))));
            // Without a branch: what stands behind a null does not matter, and its bit is turned by its being null.
            stores.Add(store);
            stores.Add(Expression.Call(typeof(BatchCode), nameof(MarkNull), null, validity, row, result.Has));
        }
        var done = Expression.Label();
        var loop = Expression.Loop(Expression.Block(
            [Expression.IfThen(Expression.GreaterThanOrEqual(row, rows), Expression.Break(done)), .. emitter.Statements, .. stores, Expression.PreIncrementAssign(row)]), done);
        var body = Expression.Block([.. hoisted, .. emitter.Variables], [.. prologue, .. emitter.Prologue, Expression.Assign(row, Expression.Constant(0)), loop]);
        return new(Expression.Lambda<Action<Column[], OutputBuffer[], int, Scratch>>(body, columns, buffers, rows, scratch).Compile(),
            [.. expressions.Select(e => e.Node.Type ?? FeatureType.Bool)]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void MarkNull(ulong[] validity, int row, bool has) => validity[row >> 6] ^= (ulong)(has ? 0 : 1) << row;

    static bool NeedsScratch(BoundNode node)
        => node is ListNode or LambdaNode or OutputNode or SpecialNode { Form: SpecialForm.Concat } or CallNode { Function.NeedsScratch: true } || node.Children.Any(NeedsScratch);

    static Expression Stored(Expression value)
    {
        if (value.Type == typeof(bool)) return Expression.Condition(value, Expression.Constant((byte)1), Expression.Constant((byte)0));
        if (value.Type == typeof(Micros) || value.Type == typeof(Days)) return Expression.Property(value, "Value");
        return ExpressionProgram.Output(value);
    }
}

/// <summary>Reads one input of a batch: its arrays are taken out of the column once, before the loop.</summary>
sealed class BatchLoad
{
    readonly Expression? _has;
    readonly Expression _value;

    public BatchLoad(ProgramInput input, Expression column, ParameterExpression row, bool mayHaveNulls, List<ParameterExpression> hoisted, List<Expression> prologue)
    {
        Name = input.Name;
        if (mayHaveNulls)
        {
            var validity = Hoist(Expression.Call(typeof(BatchLoad), nameof(ValidityOf), null, column));
            var word = Expression.ArrayIndex(validity, Expression.RightShift(row, Expression.Constant(6)));
            var bit = Expression.And(Expression.RightShift(word, row), Expression.Constant(1UL));
            _has = Expression.NotEqual(bit, Expression.Constant(0UL));
        }
        _value = input.Type.Kind switch
        {
            TypeKind.Bool => Expression.NotEqual(Fixed<byte>(), Expression.Constant((byte)0)),
            TypeKind.Int32 => Expression.Convert(Fixed<int>(), typeof(long)),
            TypeKind.Date => Expression.New(typeof(Days).GetConstructor([typeof(int)])!, Fixed<int>()),
            TypeKind.Int64 => Fixed<long>(),
            TypeKind.Timestamp => Expression.New(typeof(Micros).GetConstructor([typeof(long)])!, Fixed<long>()),
            TypeKind.Float32 => Expression.Convert(Fixed<float>(), typeof(double)),
            TypeKind.Float64 => Fixed<double>(),
            TypeKind.Decimal => Fixed<Int128>(),
            TypeKind.String => Text(),
            TypeKind.Bytes => Expression.New(typeof(Blob).GetConstructor([typeof(Utf8Text)])!, Text()),
            TypeKind.List => List(Physical.Of(input.Type.Element!)),
            _ => throw new NotSupportedException($"No batch input of type {input.Type}."),
        };

        ParameterExpression Hoist(Expression value)
        {
            var variable = Expression.Variable(value.Type);
            hoisted.Add(variable);
            prologue.Add(Expression.Assign(variable, value));
            return variable;
        }

        Expression Fixed<T>() where T : unmanaged, IComparable<T>
            => Expression.ArrayIndex(Hoist(Expression.Property(Expression.Convert(column, typeof(FixedColumn<T>)), nameof(FixedColumn<T>.Buffer))), row);

        Expression List(Type element)
        {
            var list = Hoist(Expression.Convert(column, typeof(ListColumn)));
            if (element != typeof(double) && element != typeof(float) && element != typeof(long) && element != typeof(int))
                return Expression.Call(typeof(BatchLoad), nameof(ListAt), [element], list, row);
            var elements = Expression.Property(list, nameof(ListColumn.Elements));
            var items = Hoist(Expression.Property(Expression.Convert(elements, typeof(FixedColumn<>).MakeGenericType(element)), nameof(FixedColumn<int>.Buffer)));
            return Expression.Call(typeof(BatchLoad), nameof(NumbersAt), [element], items,
                Hoist(Expression.Property(elements, nameof(Column.ValidityBuffer))), Hoist(Expression.Property(list, nameof(ListColumn.EndsBuffer))), row);
        }

        Expression Text()
        {
            var bytes = Expression.Convert(column, typeof(BytesColumn));
            return Expression.Call(typeof(BatchLoad), nameof(TextAt), null,
                Hoist(Expression.Property(bytes, nameof(BytesColumn.DataBuffer))), Hoist(Expression.Property(bytes, nameof(BytesColumn.EndsBuffer))), row);
        }
    }

    public string Name { get; }
    public Emitted Emit() => new(_has, _value);

    [ThreadStatic] static ulong[]? s_allValid;

    // Of a column without nulls a bitmap of ones, so that the loop need not ask which it is.
    static ulong[] ValidityOf(Column column)
    {
        if (column.ValidityBuffer is { } bits) return bits;
        var words = (column.Count + 63) >> 6;
        if (s_allValid is null || s_allValid.Length < words)
        {
            s_allValid = new ulong[Math.Max(words, 1024)];
            s_allValid.AsSpan().Fill(ulong.MaxValue);
        }
        return s_allValid;
    }

    internal static Utf8Text TextAt(byte[] data, int[] ends, int row)
    {
        var start = row == 0 ? 0 : ends[row - 1];
        return new(data, start, ends[row] - start);
    }

    static ListValue<T> NumbersAt<T>(T[] items, ulong[]? validity, int[] ends, int row)
    {
        var start = row == 0 ? 0 : ends[row - 1];
        return new(items, start, ends[row] - start, validity, start);
    }

    static ListValue<T> ListAt<T>(ListColumn column, int row)
        => column.IsNull(row) ? default // asked for before its "is there" is looked at
            : (ListValue<T>)PhysicalValue.From(column.GetValue(row), column.Type, widen: false); // lists of texts and rarer types
}
