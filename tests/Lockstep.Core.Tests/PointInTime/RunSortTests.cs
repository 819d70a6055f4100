using Lockstep.Core.PointInTime;

namespace Lockstep.Core.Tests.PointInTime;

public class RunSortTests
{
    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void Times_are_in_order_and_numbers_stay_with_them_ties_as_they_came(int seed)
    {
        var random = new Random(seed);
        var sort = new RunSort(); // one for all: what an earlier call left must not show
        for (var round = 0; round < 400; round++)
        {
            var times = Drawn(random, random.Next(0, round % 40 == 0 ? 5_000 : 120));
            int[] numbers = [.. Enumerable.Range(0, times.Length)];
            var expected = numbers.OrderBy(n => times[n]).ToArray(); // stable
            var sorted = times.ToArray();

            sort.Sort(sorted, numbers);

            Assert.Equal(expected, numbers);
            Assert.Equal(expected.Select(n => times[n]), sorted);
        }
    }

    // In order; backwards; at random; two streams mixed, as two threads that read a table give it. Few distinct times make ties.
    static long[] Drawn(Random random, int count)
    {
        var range = random.Next(2) == 0 ? 10 : 1_000_000;
        long[] times = [.. Enumerable.Range(0, count).Select(_ => (long)random.Next(-range, range))];
        switch (random.Next(4))
        {
            case 0: Array.Sort(times); break;
            case 1: Array.Sort(times, (a, b) => b.CompareTo(a)); break;
            case 2:
                Array.Sort(times);
                var (first, second) = (new Queue<long>(times.Take(count / 2)), new Queue<long>(times.Skip(count / 2)));
                for (var i = 0; i < count; i++) times[i] = second.Count == 0 || (first.Count > 0 && random.Next(2) == 0) ? first.Dequeue() : second.Dequeue();
                break;
        }
        return times;
    }
}
