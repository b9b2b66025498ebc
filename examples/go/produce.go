// Push a post with kafka-go: go run . HOST:PORT
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

func main() {
	topic := "posts"
	if len(os.Args) > 2 {
		topic = os.Args[2]
	}
	producer := &kafka.Writer{
		Addr:         kafka.TCP(strings.Split(os.Args[1], ",")...),
		Topic:        topic,
		Balancer:     kafka.Murmur2Balancer{Consistent: true}, // the partition of an author is that of every Java client
		RequiredAcks: kafka.RequireAll,
		BatchTimeout: 10 * time.Millisecond,
	}
	post, err := json.Marshal(map[string]any{
		"id": "1", "author": "flo", "text": "On commence ! #capcomnet", "time": time.Now().UnixMilli(),
	})
	if err == nil {
		err = producer.WriteMessages(context.Background(), kafka.Message{Key: []byte("flo"), Value: post})
	}
	if err == nil {
		err = producer.Close()
	}
	if err != nil {
		log.Fatal(err)
	}
}
