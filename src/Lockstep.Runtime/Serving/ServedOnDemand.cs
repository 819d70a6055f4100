using Lockstep.Core.Expressions.Compiling;
using Lockstep.Core.OnDemand;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Serving.Json;

namespace Lockstep.Runtime.Serving;

/// <summary>A field of a request's rows that on-demand features read.</summary>
public sealed class RequestField(string name, FeatureType type, IReadOnlyList<string> readers)
{
    public string Name { get; } = name;
    public FeatureType Type { get; } = type;

    /// <summary>The on-demand views that read it, for messages.</summary>
    public IReadOnlyList<string> Readers { get; } = readers;

    /// <summary>The name as it stands in UTF-8.</summary>
    public byte[] Utf8Name { get; } = System.Text.Encoding.UTF8.GetBytes(name);

    /// <summary>What a value has to be, for messages.</summary>
    public string Expected => $"it is {Type}, {JsonRequestFields.Expected(Type)}";

    public override string ToString() => $"'{Name}' ({Type})";
}

/// <summary>
/// The on-demand features of a serving plan: the program that training runs (S16), over the packed rows of the lookups, the fields of
/// the request and its instant. Immutable; what belongs to one request is an <see cref="OnDemandState"/>, kept from one to the next.
/// </summary>
public sealed class ServedOnDemand
{
    readonly FreeSlots<OnDemandState> _free = new(16);

    internal ServedOnDemand(OnDemandPlan plan)
    {
        Plan = plan;
        Inputs = [.. plan.Inputs];
        Outputs = [.. plan.Program.Outputs];
        Layout = new(new(plan.Program.Outputs.Select((o, i) => new Field($"{i}", o.Type)))); // names are the plan's; here only places count
        RequestFields = [.. plan.RequestFields.Select(f => new RequestField(f.Name, f.Type, Readers(f.Name)))];
        Requests = new(plan.RequestFields);
    }

    public OnDemandPlan Plan { get; }

    internal OnDemandInput[] Inputs { get; }
    internal ProgramOutput[] Outputs { get; }

    /// <summary>Of a row of all outputs.</summary>
    public RowLayout Layout { get; }

    /// <summary>What each row of the request has to bring, in the order of the plan's inputs.</summary>
    public RequestField[] RequestFields { get; }

    /// <summary>The same as columns.</summary>
    public Schema Requests { get; }

    IReadOnlyList<string> Readers(string field)
        => [.. Plan.Program.Outputs.Where((o, i) => Plan.InputsOf[i].Any(p => Plan.Inputs[p].Request?.Name == field)).Select(o => o.Name[..o.Name.IndexOf(':', StringComparison.Ordinal)]).Distinct()];

    internal OnDemandState Rent() => _free.Take() ?? new(this);

    internal void Return(OnDemandState state)
    {
        if (state.IsWorthKeeping) _free.Leave(state);
    }
}

/// <summary>What one request needs to compute on-demand features: its request fields, a frame, and the rows that were computed.</summary>
public sealed class OnDemandState(ServedOnDemand served)
{
    const int WorthKeeping = 1 << 20;

    readonly EvaluationFrame _frame = served.Plan.Program.CreateFrame();
    readonly Scratch _inputs = new();
    readonly RowBuilder _rows = new(served.Layout);
    (int Start, int Length)[] _places = new (int, int)[4];

    public ServedOnDemand Served => served;

    /// <summary>The request's fields: a row for each entity row, or one for all.</summary>
    public ColumnBatch Requests { get; } = new(served.Requests);

    internal void Begin()
    {
        Requests.Clear();
        _rows.Clear();
    }

    /// <summary>Computes the features of a row from what its lookups found.</summary>
    internal void Compute(ServingRequest request, int row)
    {
        _inputs.Reset();
        var inputs = served.Inputs;
        var (field, fields) = (0, Requests.Count == 1 ? 0 : row);
        for (var i = 0; i < inputs.Length; i++)
        {
            var input = inputs[i];
            var slot = input.Input.Slot;
            if (input.Lookup >= 0)
            {
                var read = request.Read(row, input.Lookup);
                if (request.HasRow(read)) FrameInputs.Set(_frame, slot, input.Input.Type, request.Row(read), input.Ordinal, _inputs);
                else _frame.SetNull(slot);
            }
            else if (input.IsNow) _frame.Set(slot, new Micros(request.AsOf));
            else FrameInputs.Set(_frame, slot, Requests[field++], fields, _inputs);
        }
        try
        {
            served.Plan.Program.Run(_frame);
        }
        catch (CSharpViewException thrown)
        {
            throw thrown.At($"entities[{row}]");
        }
        if (_places.Length <= row) Array.Resize(ref _places, Math.Max(row + 1, _places.Length * 2));
        _places[row] = FrameOutputs.Pack(_frame, served.Outputs, _rows);
    }

    internal RowReader Row(int row) => _rows.Row(_places[row].Start, _places[row].Length);

    internal bool IsWorthKeeping => _rows.Capacity + _inputs.Capacity + _frame.Capacity + RequestBytes() <= WorthKeeping;

    long RequestBytes()
    {
        var bytes = 0L;
        for (var i = 0; i < Requests.Columns.Count; i++) bytes += Requests[i].Bytes;
        return bytes;
    }
}
