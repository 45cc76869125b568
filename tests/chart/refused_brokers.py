"""Values about brokers and the store of payloads that the guards refuse: by a name, the values, and the sentence."""

from __future__ import annotations


def sqs(**fields):
    return {"transport": "sqs", "transports": {"sqs": fields}}


def check(**fields):
    return {"claimCheck": {"url": "s3://payloads", **fields}}


RABBITMQ = {"transport": "rabbitmq"}
REFUSED = {
    "kafka": ({"transport": "kafka"}, 'transport: "kafka" is not built yet; use one of nats, rabbitmq, sqs'),
    "unknown transport": ({"transport": "carrier-pigeon"}, 'transport: "carrier-pigeon" is unknown; use one of nats'),
    "url": ({"transports": {"nats": {"url": "nats:4222"}}}, 'transports.nats.url: "nats:4222" is no address'),
    "credentials in url": (
        {"transports": {"nats": {"url": "nats://me:secret@nats:4222"}}},
        "transports.nats.url: it holds credentials, which whoever may read the release would see; move them into a",
    ),
    "amqp url": (
        {**RABBITMQ, "transports": {"rabbitmq": {"url": "http://x"}}},
        'transports.rabbitmq.url: "http://x" is no address of a server; write it like amqp://host:5672',
    ),
    "amqp url with a path": (
        {**RABBITMQ, "transports": {"rabbitmq": {"url": "amqp://rabbitmq:5672/asya"}}},
        'transports.rabbitmq.url: "amqp://rabbitmq:5672/asya" has a path, which would not count; remove it, and set',
    ),
    "monitoring without a port": (
        {"transports": {"nats": {"monitoringEndpoint": "nats-headless"}}},
        'transports.nats.monitoringEndpoint: "nats-headless" is not host:port; write it like nats-headless.nats',
    ),
    "amqp management url": (
        {**RABBITMQ, "transports": {"rabbitmq": {"managementUrl": "amqp://x:5672"}}},
        'transports.rabbitmq.managementUrl: "amqp://x:5672" is no http address; KEDA has to read the management API',
    ),
    "credentials in management url": (
        {**RABBITMQ, "transports": {"rabbitmq": {"managementUrl": "http://me:secret@x"}}},
        "transports.rabbitmq.managementUrl: it holds credentials",
    ),
    "endpoint": (
        sqs(endpoint="sqs:4566"),
        'transports.sqs.endpoint: "sqs:4566" is no address of a server; write it like',
    ),
    "endpoint with a path": (
        sqs(endpoint="http://x/000000000000"),
        "is no address of a server; write it like http://host",
    ),
    "credentials in the endpoint": (
        sqs(endpoint="https://key:secret@sqs.example.com"),
        "transports.sqs.endpoint: it holds credentials, which whoever may read the release would see; move them into",
    ),
    "hidden for a while and a bit": (
        sqs(visibilityTimeout="5500ms"),
        "visibilityTimeout: 5500ms can't be, for the side",
    ),
    "hidden for no time": (
        sqs(visibilityTimeout="4s"),
        "transports.sqs.visibilityTimeout: 4s can't be, for the sidecar renews it every few seconds",
    ),
    "hidden for too long": (
        sqs(visibilityTimeout=43201),
        "43201 can't be, for the sidecar renews it every few seconds",
    ),
    "patient request": (
        sqs(waitTime="21s"),
        "transports.sqs.waitTime: 21s can't be, for SQS answers after 20 s at the latest; use whole",
    ),
    "a day for one message": (
        {**sqs(), "timeout": {"actor": "12h"}},
        "timeout.actor: 12h is not shorter than 12 hours, after which SQS takes any message back; lower it, or use",
    ),
    "long queue": (
        {**sqs(), "actor": "a" * 62, "queues": {"prefix": "a" * 15}},
        "queues.prefix: with the actor's name it makes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ),
    "owner's tag": (
        sqs(tags={"asya.sh/owner": "me"}),
        "transports.sqs.tags.asya.sh/owner: the chart sets it from transports.sqs.owner; remove it, and set that",
    ),
    "no secret for keda": (
        {**RABBITMQ, "transports": {"rabbitmq": {"existingSecret": ""}}},
        "transports.rabbitmq.existingSecret: the management API asks for a user, so KEDA needs one; make a Secret",
    ),
    "timeout and consumer timeout": (
        {**RABBITMQ, "timeout": {"actor": "30m"}},
        "timeout.actor: 30m is not shorter than RabbitMQ's consumer_timeout, 30m, after which the broker takes",
    ),
    "monitoring url": (
        {"transports": {"nats": {"monitoringEndpoint": "http://nats:8222"}}},
        'transports.nats.monitoringEndpoint: "http://nats:8222" is not host:port; write it like nats-headless',
    ),
    "payloads without a store": (
        {"claimCheck": {"existingSecret": "s3"}},
        "claimCheck.existingSecret: it counts only with a store; set claimCheck.url, or remove it",
    ),
    "payloads in a relative folder": (
        check(url="file://payloads", existingClaim="c"),
        'claimCheck.url: "file://payloads" names no folder; write its whole path with three slashes, as in file:///pay',
    ),
    "credentials of the payloads' store": (
        check(url="s3://key:secret@payloads"),
        "claimCheck.url: it holds credentials, which whoever may read the release would see; move them into a Secret",
    ),
    "payloads in a folder of each pod": (
        check(url="file:///payloads"),
        "claimCheck.url: file:///payloads would be another folder in each pod, so that nobody finds the payloads; name",
    ),
    "a claim for a bucket": (
        check(existingClaim="c"),
        "claimCheck.existingClaim: s3://payloads is no folder, so nothing would be on the claim; remove it, or use a",
    ),
    "payloads outside of the store": (
        check(prefix="a/../../b/"),
        'claimCheck.prefix: "a/../../b/" is no folder inside the store; use names of letters, digits',
    ),
    "payloads in a folder with a space": (
        check(prefix="my payloads/"),
        'claimCheck.prefix: "my payloads/" is no folder inside the store; use names of letters, digits',
    ),
    "store with a question": (
        check(url="s3://payloads?region=x"),
        'claimCheck.url: "s3://payloads?region=x" is no plain URL of a store; write it like s3://bucket/folder',
    ),
    "payloads that are refused first": (
        {**check(threshold=4096), "maxBodyBytes": 4096},
        "claimCheck.threshold: 4096 is not below maxBodyBytes, 4096, so a payload would be refused before it is stored",
    ),
    "payloads that SQS does not take": (
        {**sqs(), **check(threshold=1000000)},
        "claimCheck.threshold: SQS takes messages of 1 MiB, and 1000000 bytes of payload leave too little for the rest",
    ),
    "payloads that go before their messages": (
        {**sqs(), **check(expiresAfter="384h")},
        "claimCheck.expiresAfter: SQS keeps messages for 14 days, their payloads may be two days older, and one",
    ),
}
