// Push a post with Kafka's own client: java -cp "kafka-clients.jar:slf4j-api.jar" Produce.java HOST:PORT
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

public class Produce {
    public static void main(String[] args) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        String topic = args.length > 1 ? args[1] : "posts";
        String post = String.format(
            "{\"id\": \"1\", \"author\": \"dee\", \"text\": \"On commence ! #capcomnet\", \"time\": %d}",
            System.currentTimeMillis());
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(topic, "dee", post)).get();
        }
    }
}
