# Splits rendered objects into files FOLDER/<stage>-<nn>-<kind>-<name>.yaml, so that a listing of the folder is the order in which they are
# applied: what others need comes first. Kinds that are not named here go last but one, before what starts to move events.
function stage_of(version, kind) {
	if (kind == "Namespace") return 1
	if (kind ~ /^(ServiceAccount|ConfigMap|Secret|ResourceQuota|PersistentVolumeClaim|ImageStream|BuildConfig|LimitRange|Role|RoleBinding|NetworkPolicy)$/) return 2
	if (kind == "Service" && version == "v1") return 2
	if (kind ~ /^(KafkaNodePool|Kafka)$/) return 3
	if (kind ~ /^(KafkaTopic|KafkaUser|KafkaRebalance)$/) return 4
	if (version ~ /^serving\.knative\.dev\//) return 5
	if (kind ~ /^(KafkaSink|Broker|Channel|KafkaChannel)$/) return 6
	if (kind ~ /^(Sequence|Subscription|Trigger)$/) return 7
	if (kind == "SinkBinding") return 8 # before the Deployment that it binds, which would start without a sink
	if (kind == "KafkaConnector") return 10
	if (kind ~ /^(KafkaSource|ContainerSource|ScaledObject)$/) return 10
	return 9
}
function flush() {
	if (kind != "") {
		file = sprintf("%s/%02d-%03d-%s-%s.yaml", folder, stage_of(version, kind), ++count, kind, name)
		printf "%s", text > file
		close(file)
	}
	text = version = kind = name = ""
	metadata = 0
}
/^---/ { flush(); next }
{ text = text $0 "\n" }
/^apiVersion: / { version = $2 }
/^kind: / { kind = $2 }
/^[^ ]/ { metadata = ($0 == "metadata:") }
metadata && /^  name: / { name = $2 }
END { flush() }
