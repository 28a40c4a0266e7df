import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.SortedSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * A second opinion on rules over windows: what Kafka Streams, with its own windows, makes of a topic.
 *
 * <pre>StreamsOracle BOOTSTRAP TOPIC RECORDS FOLDER RULE…     RULE: name,kind,pointer,threshold,size,step,lateness (microseconds)</pre>
 *
 * Reads so many records (structured CloudEvents, keyed by player), prints the identities of the verdicts, sorted, and ends. How the meaning of
 * a rule maps: windows, their grid and event time are Streams' (TimeWindows, aligned to the epoch too); lateness is its grace. Its stream time
 * is that of a partition, where ours is that of a player; so the two agree only where no event is later than the grace, and the program fails
 * if Streams has dropped one. That an event counts once, and what is over the threshold, is said here, in the topology.
 */
public final class StreamsOracle {
    record Rule(String name, String kind, String pointer, long threshold, long size, long step, long lateness) {
        static Rule of(String text) {
            String[] part = text.split(",", -1);
            return new Rule(part[0], part[1], part[2], Long.parseLong(part[3]), Long.parseLong(part[4]), Long.parseLong(part[5]),
                    Long.parseLong(part[6]));
        }

        long worth(JsonNode event) {
            return kind.equals("count") ? 1 : event.get("data").at(pointer).longValue();
        }

        TimeWindows windows() {
            return TimeWindows.ofSizeAndGrace(Duration.ofMillis(size / 1000), Duration.ofMillis(lateness / 1000))
                    .advanceBy(Duration.ofMillis(step / 1000));
        }

        /** The identity of a verdict about a window: docs/AUDIT.md. */
        String identity(String player, long startMs) {
            return digest(name, kind, pointer, threshold, size + "/" + step + "/" + lateness, player, startMs * 1000);
        }
    }

    static String digest(Object... fields) {
        try {
            var bytes = new ByteArrayOutputStream();
            var out = new DataOutputStream(bytes);
            for (Object field : fields) {
                byte[] text = field.toString().getBytes(StandardCharsets.UTF_8);
                out.writeInt(text.length);
                out.write(text);
            }
            byte[] whole = MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray());
            return HexFormat.of().formatHex(whole, 0, 16);
        } catch (IOException | NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Lets each (source, id) through once. */
    static final class Once implements FixedKeyProcessor<String, JsonNode, JsonNode> {
        private final Runnable done;
        private FixedKeyProcessorContext<String, JsonNode> context;
        private KeyValueStore<String, Integer> seen;

        Once(Runnable done) {
            this.done = done;
        }

        @Override
        public void init(FixedKeyProcessorContext<String, JsonNode> context) {
            this.context = context;
            seen = context.getStateStore("seen");
        }

        @Override
        public void process(FixedKeyRecord<String, JsonNode> record) {
            JsonNode event = record.value();
            String name = digest(event.get("source").textValue(), event.get("id").textValue());
            if (!event.get("data").get("player").textValue().equals(record.key())) {
                throw new IllegalStateException("the key is not the player: " + event);
            }
            if (seen.putIfAbsent(name, 1) == null) {
                context.forward(record);
            }
            done.run(); /* all that is downstream has been done too: there is no other topic in between */
        }
    }

    static JsonNode parse(ObjectMapper mapper, byte[] value) {
        try {
            return mapper.readTree(value);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static StreamsBuilder topology(String topic, List<Rule> rules, Runnable done, SortedSet<String> verdicts) {
        var mapper = new ObjectMapper();
        var json = Serdes.serdeFrom((name, event) -> { throw new IllegalStateException("nothing is written"); },
                (String name, byte[] value) -> parse(mapper, value));
        var builder = new StreamsBuilder();
        builder.addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("seen"), Serdes.String(), Serdes.Integer())
                .withLoggingDisabled());
        KStream<String, JsonNode> events = builder
                .stream(topic, Consumed.with(Serdes.String(), json).withTimestampExtractor(
                        (record, before) -> Instant.parse(((JsonNode) record.value()).get("time").textValue()).toEpochMilli()))
                .processValues(() -> new Once(done), "seen");
        for (Rule rule : rules) {
            Duration window = Duration.ofMillis(rule.size / 1000), kept = window.plusMillis(rule.lateness / 1000);
            events.groupByKey()
                    .windowedBy(rule.windows())
                    .aggregate(() -> 0L, (player, event, sum) -> sum + rule.worth(event),
                            Materialized.<String, Long>as(Stores.inMemoryWindowStore(rule.name, kept, window, false))
                                    .withKeySerde(Serdes.String()).withValueSerde(Serdes.Long()).withLoggingDisabled().withCachingDisabled())
                    .toStream()
                    .filter((at, sum) -> sum > rule.threshold)
                    .foreach((at, sum) -> verdicts.add(rule.identity(at.key(), at.window().start())));
        }
        return builder;
    }

    static Properties settings(String bootstrap, Path folder) {
        var settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "streams-oracle-" + ProcessHandle.current().pid() + "-" + System.nanoTime());
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put("auto.offset.reset", "earliest");
        return settings;
    }

    public static void main(String[] arguments) throws Exception {
        long wanted = Long.parseLong(arguments[2]);
        List<Rule> rules = Arrays.stream(arguments).skip(4).map(Rule::of).toList();
        var verdicts = new ConcurrentSkipListSet<String>();
        var end = new CountDownLatch(1);
        var read = new AtomicLong();
        var failure = new Throwable[1];
        Runnable done = () -> {
            if (read.incrementAndGet() == wanted) {
                end.countDown();
            }
        };
        double dropped;
        Path folder = Files.createDirectories(Path.of(arguments[3]));
        try (var streams = new KafkaStreams(topology(arguments[1], rules, done, verdicts).build(), settings(arguments[0], folder))) {
            streams.setUncaughtExceptionHandler(exception -> {
                failure[0] = exception;
                end.countDown();
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.start();
            if (!end.await(120, TimeUnit.SECONDS)) {
                throw new IllegalStateException("only " + read.get() + " of " + wanted + " records came");
            }
            dropped = streams.metrics().values().stream().filter(metric -> metric.metricName().name().equals("dropped-records-total"))
                    .mapToDouble(metric -> (Double) metric.metricValue()).sum();
        }
        if (failure[0] != null) {
            throw new IllegalStateException(failure[0]);
        }
        if (read.get() != wanted || dropped > 0) {
            throw new IllegalStateException(read.get() + " records of " + wanted + ", of which Streams dropped " + dropped + " as late");
        }
        verdicts.forEach(System.out::println);
    }
}
