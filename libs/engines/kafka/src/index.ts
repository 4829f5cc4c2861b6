export type { KafkaConnection } from './connection';
export { KafkaEventFeed } from './kafka-event-feed';
export type { KafkaFeedOptions } from './kafka-event-feed';
export { KafkaEventSink } from './kafka-event-sink';
export { toMessage } from './message';
export { DEFAULT_TOPIC } from './topic';
export type { TopicSettings } from './topic';
