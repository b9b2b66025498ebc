// Push a post with KafkaJS: npm install; node produce.js HOST:PORT
import { Kafka, Partitioners, logLevel } from "kafkajs";

const [brokers, topic = "posts"] = process.argv.slice(2);
const kafka = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.ERROR });
// the partition of an author is that of every Java client
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
const post = { id: "1", author: "eli", text: "On commence ! #capcomnet", time: Date.now() };
await producer.connect();
await producer.send({ topic, acks: -1, messages: [{ key: post.author, value: JSON.stringify(post) }] });
await producer.disconnect();
