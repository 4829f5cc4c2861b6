import { randomUUID } from 'node:crypto';
import type { handleUnaryCall } from '@grpc/grpc-js';
import { ClusterInfo, EndPoint, MemberInfo } from '@eventstore/db-client/generated/gossip_pb';
import { UUID } from '@eventstore/db-client/generated/shared_pb';
import type { Empty } from '@eventstore/db-client/generated/shared_pb';
import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import { ticksOf } from './records';

const SERVER_VERSION = '24.10.4.0';
const STREAMS = 'event_store.client.streams.streams';
const METHODS: Readonly<Record<string, readonly string[]>> = {
  append: [],
  batchappend: ['deadline_duration'],
  read: ['position', 'events'],
  delete: [],
  tombstone: [],
};

export const featuresService: handleUnaryCall<Empty, SupportedMethods> = (_call, callback) => {
  const methods = Object.entries(METHODS).map(([name, features]) =>
    new SupportedMethod()
      .setServiceName(STREAMS)
      .setMethodName(name)
      .setFeaturesList([...features]),
  );
  callback(null, new SupportedMethods().setEventStoreServerVersion(SERVER_VERSION).setMethodsList(methods));
};

/** A cluster of one, which leads itself. */
export function gossipService(port: () => number): handleUnaryCall<Empty, ClusterInfo> {
  const id = randomUUID();
  return (_call, callback) => {
    const member = new MemberInfo()
      .setInstanceId(new UUID().setString(id))
      .setTimeStamp(String(ticksOf(Date.now())))
      .setState(MemberInfo.VNodeState.LEADER)
      .setIsAlive(true)
      .setHttpEndPoint(new EndPoint().setAddress('127.0.0.1').setPort(port()));
    callback(null, new ClusterInfo().setMembersList([member]));
  };
}
