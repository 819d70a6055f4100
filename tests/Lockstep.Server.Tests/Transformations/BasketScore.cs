using Lockstep.Core.OnDemand;

namespace Lockstep.Server.Tests.Transformations;

// The code of docs/guide/csharp-views.md, as it stands there: a test holds them together.
public record struct BasketInput(double Price, long? Bought);

public record struct BasketOutput(double? PerPiece, string? Size);

public sealed class BasketScore : CSharpView<BasketInput, BasketOutput>
{
    public override string Version => "1.0.0";

    public override void Compute(in BasketInput input, ref BasketOutput output)
    {
        output.PerPiece = input.Price / input.Bought;
        output.Size = input.Price > 100 ? "large" : "small";
    }
}
