using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;

namespace Lockstep.Runtime.Tests.Engine;

public sealed class ConversionTableTests
{
    [Fact]
    public void S2_what_the_binder_lets_pass_can_be_read()
    {
        FeatureType[] types = [.. FeatureType.SimpleNames.Select(FeatureType.Parse), FeatureType.Decimal(10, 2)];
        foreach (var from in types)
            foreach (var to in types)
                Assert.True(TypeConversions.Find(from, to, TableFormat.Parquet) == TypeConversion.Refused || Conversion.Exists(Kind(from), to), $"{from} as {to}");
        foreach (var to in types.Append(FeatureType.List(FeatureType.Float32))) Assert.True(Conversion.Exists(ScalarKind.Text, to), $"text as {to}");

        static ScalarKind Kind(FeatureType type) => type.Kind switch
        {
            TypeKind.Int32 or TypeKind.Int64 => ScalarKind.Integer,
            _ => Enum.Parse<ScalarKind>(type.Kind.ToString()),
        };
    }
}
