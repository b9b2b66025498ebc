// Flink DataStream on a local MiniCluster: KafkaSource with per-partition watermarks (2 s out of
// order), keyBy tag, event-time window with an incremental count, KafkaSink.  Parallelism 1;
// checkpoint every 10 s; state on the heap (the default) or RocksDB (BENCH_FLINK_STATE=rocksdb).
import com.fasterxml.jackson.databind.*;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.regex.*;
import org.apache.flink.api.common.eventtime.*;
import org.apache.flink.api.common.functions.*;
import org.apache.flink.api.common.serialization.*;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.*;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.kafka.sink.*;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.*;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

public class TopicCount {
    static final ObjectMapper JSON = new ObjectMapper();
    static final Pattern TAG = Pattern.compile("#([\\p{L}\\p{N}_]+)");
    static volatile boolean first;

    static void split(byte[] value, Collector<String> out) throws Exception {
        if (!first) { first = true; new File(System.getenv("BENCH_FIRST")).createNewFile(); }
        Matcher m = TAG.matcher(JSON.readTree(value).get("text").textValue());
        while (m.find()) out.collect(m.group(1).toLowerCase(Locale.ROOT));
    }

    public static class Count implements AggregateFunction<String, Long, Long> {
        public Long createAccumulator() { return 0L; }
        public Long add(String v, Long n) { return n + 1; }
        public Long getResult(Long n) { return n; }
        public Long merge(Long a, Long b) { return a + b; }
    }

    public static class Emit extends ProcessWindowFunction<Long, byte[], String, TimeWindow> {
        public void process(String tag, Context c, Iterable<Long> n, Collector<byte[]> out) {
            out.collect(JSON.createObjectNode().put("tag", tag).put("start", c.window().getStart())
                .put("count", n.iterator().next()).toString().getBytes(StandardCharsets.UTF_8));
        }
    }

    public static void main(String[] a) throws Exception {
        var e = System.getenv();
        var conf = new Configuration();
        conf.setString("state.backend.type", e.getOrDefault("BENCH_FLINK_STATE", "hashmap"));
        conf.setString("execution.checkpointing.dir", "file://" + e.get("BENCH_STATE"));
        conf.setString("execution.checkpointing.interval", "10s");
        conf.setString("execution.checkpointing.storage", "filesystem");
        var env = StreamExecutionEnvironment.createLocalEnvironment(1, conf);
        var source = KafkaSource.<byte[]>builder().setBootstrapServers(e.get("BENCH_BROKER"))
            .setTopics(e.get("BENCH_TOPIC")).setGroupId(e.get("BENCH_GROUP"))
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setValueOnlyDeserializer(new BytesSchema()).build();
        var sink = KafkaSink.<byte[]>builder().setBootstrapServers(e.get("BENCH_BROKER"))
            .setProperty("compression.type", "lz4").setProperty("linger.ms", "50")
            .setRecordSerializer(KafkaRecordSerializationSchema.<byte[]>builder().setTopic(e.get("BENCH_OUT"))
                .setValueSerializationSchema(new BytesSchema()).build()).build();
        WindowAssigner<Object, TimeWindow> w = "sliding".equals(e.get("BENCH_WINDOW"))
            ? SlidingEventTimeWindows.of(Duration.ofSeconds(300), Duration.ofSeconds(10))
            : TumblingEventTimeWindows.of(Duration.ofSeconds(10));
        env.fromSource(source, WatermarkStrategy.<byte[]>forBoundedOutOfOrderness(Duration.ofSeconds(2)), "posts")
            .flatMap((FlatMapFunction<byte[], String>) TopicCount::split).returns(Types.STRING)
            .keyBy(t -> t).window(w).aggregate(new Count(), new Emit()).sinkTo(sink);
        env.execute();
    }

    public static class BytesSchema extends AbstractDeserializationSchema<byte[]> implements SerializationSchema<byte[]> {
        public byte[] deserialize(byte[] b) { return b; }
        public byte[] serialize(byte[] b) { return b; }
    }
}
