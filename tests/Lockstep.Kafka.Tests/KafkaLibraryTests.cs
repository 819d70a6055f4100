using Lockstep.Core;

namespace Lockstep.Kafka.Tests;

public sealed class KafkaLibraryTests
{
    [Theory]
    [InlineData(null, "Run  build/fetch-librdkafka  in the repository, or set LOCKSTEP_LIBRDKAFKA to its path.")]
    [InlineData("/nowhere.so", "Run  build/fetch-librdkafka  in the repository; LOCKSTEP_LIBRDKAFKA is set, but there is no library at '/nowhere.so'.")]
    public void A_library_that_is_missing_is_told_with_the_command_that_makes_it(string? variable, string told)
    {
        var folder = Directory.CreateTempSubdirectory("lockstep-library-").FullName;
        var error = Assert.Throws<LockstepException>(() => KafkaLibrary.Find(folder, variable));
        Assert.StartsWith("Kafka's client library (", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(told, error.Message, StringComparison.Ordinal);
        Directory.Delete(folder);
    }
}
