# deploy/bin/cluster.sh: what deploy, undeploy and doctor share: how a cluster is asked, waited for, and what is said when it does not answer.
# Sourced by bash. KUBECTL names another client (oc, or one with --context).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kubectl=${KUBECTL:-kubectl}
export KUSTOMIZE=${KUSTOMIZE:-$kubectl kustomize}

say() {
	printf '%s\n' "$*"
}

fail() { # STATUS TEXT
	printf '%s: %s\n' "${0##*/}" "$2" >&2
	exit "$1"
}

# Makes $scratch, a folder that goes when this run ends, however it does; TEXT is said when that is by Ctrl-C or SIGTERM.
begin() { # TEXT
	scratch=$(mktemp -d)
	stopped=$1
	exec 8>&2 # where standard output and standard error are files at the moment of a Ctrl-C
	trap end EXIT
	trap 'exit 130' INT TERM
}

# A second Ctrl-C does not get between. Where a command that the first one ended fails the script before the trap is looked at, the status tells.
end() {
	local status=$?
	trap '' INT TERM
	rm -rf "$scratch"
	[[ $status -ne 130 ]] || printf '\nStopped. %s\n' "$stopped" >&8
}

# The client, without a word on standard error: what it said is in $said.
ask() {
	$kubectl "$@" 2>"$scratch/errors" && return
	said=$(<"$scratch/errors")
	return 1
}

# until_true WHAT COMMAND…: tries until it succeeds or the deadline of this run has passed; says once what it waits for.
until_true() {
	local what=$1 told=
	shift
	until "$@"; do
		((SECONDS < deadline)) || fail 69 "$what: not within ${timeout} s${said:+ ($said)}. Run the same command again to go on."
		[[ $told ]] || say "  waiting: $what"
		told=1
		sleep "${POLL:-2}"
	done
}

reach_cluster() {
	command -v "${kubectl%% *}" >/dev/null || fail 69 "needs ${kubectl%% *}, which is not here"
	ask version -o json >/dev/null || fail 69 "no cluster answers: $said"
}

make_namespace() { # NAME
	ask apply --server-side --field-manager=umpire --validate=ignore -f - >"$scratch/namespace" <<-END || fail 69 "the namespace $1 is not there, and was not made: $said"
		{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "$1"}}
	END
}

# What the cluster serves of GROUP/VERSION, into $scratch/resources; nothing where it does not know it.
look_up() { # VERSION
	local path=/apis/$1
	[[ $1 = */* ]] || path=/api/$1
	ask get --raw "$path" >"$scratch/resources" || : >"$scratch/resources"
}

looked_up() { # KIND
	grep -q "\"kind\":[ ]*\"$1\"" "$scratch/resources"
}

# Whether the cluster serves a kind now.
serves() { # VERSION KIND
	look_up "$1"
	looked_up "$2"
}

# Lines "VERSION KIND", sorted, from standard input: each version is asked for once, then COMMAND VERSION KIND is run for each line.
for_each_kind() { # COMMAND
	local version kind last=
	while read -r version kind; do
		[[ $version = "$last" ]] || look_up "$version"
		last=$version
		"$1" "$version" "$kind"
	done
}

# Whether we may: `allowed VERB RESOURCE GROUP`, GROUP empty for Kubernetes' core.
allowed() {
	ask create --raw /apis/authorization.k8s.io/v1/selfsubjectaccessreviews -f - >"$scratch/review" <<-END && grep -q '"allowed": *true' "$scratch/review"
		{"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		 "spec": {"resourceAttributes": {"verb": "$1", "resource": "$2", "group": "$3", "namespace": "$namespace"}}}
	END
}

# Reads apiVersion, kind and name of the object in a file into variables of these names.
identify() {
	local line inside=
	version='' kind='' name=''
	while IFS= read -r line; do
		case $line in
		'apiVersion: '*) version=${line#*: } inside= ;;
		'kind: '*) kind=${line#*: } inside= ;;
		metadata:) inside=yes ;;
		[!\ ]*) inside= ;;
		'  name: '*) [[ ! $inside || $name ]] || name=${line#*: } ;;
		esac
	done <"$1"
}

# The kinds of a folder's objects, each once: GROUP/VERSION KIND.
kinds() { # FOLDER
	local file
	for file in "$1"/*.yaml; do
		identify "$file"
		printf '%s %s\n' "$version" "$kind"
	done | sort -u
}

# Renders into one file an object, named so that a listing is the order to apply them in.
render_into() { # FOLDER OVERLAY PATTERN NAMESPACE
	"$root/bin/render" "$2" "$3" "$4" >"$1.yaml" || return
	mkdir -p "$1"
	awk -v folder="$1" -f "$root/bin/order.awk" "$1.yaml"
}

# What an object's state says when it is as it should be; nothing where its kind has no such word.
condition_of() { # VERSION KIND
	case $1/$2 in
	apps/v1/Deployment) echo Available ;;
	kafka.strimzi.io/*/KafkaNodePool) ;; # its Kafka tells
	kafka.strimzi.io/* | serving.knative.dev/* | eventing.knative.dev/* | messaging.knative.dev/* | flows.knative.dev/* | sources.knative.dev/*) echo Ready ;;
	operator.knative.dev/* | operator.serverless.openshift.io/*) echo Ready ;;
	esac
}

# True when the object of a file is Ready, Available, or there at all where its kind has no such condition.
settled() {
	local condition state
	identify "$1"
	condition=$(condition_of "$version" "$kind")
	[[ $condition ]] || return 0
	state=$(ask get -f "$1" -o "jsonpath={.status.conditions[?(@.type==\"$condition\")].status}: {.status.conditions[?(@.type==\"$condition\")].message}") || return 1
	said=${state#*: }
	[[ $state = True:* ]]
}

# The files of a stage as options of the client, into the array files.
stage_files() { # FOLDER STAGE
	local file
	files=()
	for file in "$1/$2"-*.yaml; do
		files+=(-f "$file")
	done
}

stages() { # FOLDER [SORT-OPTION]
	(cd "$1" && printf '%s\n' *.yaml | cut -d - -f 1 | sort -u ${2:-})
}

# Whether all objects of $files are settled, asked at once.
all_settled() {
	local each kind version condition
	local one='{{define "one"}}{{.apiVersion}} {{.kind}}{{with .status}}{{range .conditions}} {{.type}}={{.status}}{{end}}{{end}}{{"\n"}}{{end}}'
	ask get "${files[@]}" -o "go-template=$one{{if .items}}{{range .items}}{{template \"one\" .}}{{end}}{{else}}{{template \"one\" .}}{{end}}" >"$scratch/states" || return 1
	while read -r version kind each; do
		condition=$(condition_of "$version" "$kind")
		[[ ! $condition || " $each " = *" $condition=True "* ]] || return 1
	done <"$scratch/states"
}

# A Secret as kafka-secret prints it, into a namespace.
into_namespace() { # NAMESPACE
	awk -v place="$1" '{print} /^  name: / {print "  namespace: " place}'
}

# Whether an overlay brings a Kafka of its own.
has_kafka() { # OVERLAY
	grep -q '/kafka-strimzi$' "$root/overlays/$1/kustomization.yaml"
}

# Whether the KafkaChannels of a folder's objects would be in the Kafka that its other objects use. Knative keeps all of a cluster in one, which it
# is told once; in $said is where that is. Where we may not look, whoever set the cluster up knows.
channels_fit() { # FOLDER
	local ours
	grep -q 'kind: KafkaChannel' "$1"/*.yaml || return 0
	said=$(ask get configmap -n knative-eventing kafka-channel-config -o 'jsonpath={.data.bootstrap\.servers}') || return 0
	ours=$(sed -n 's/^  bootstrapServers: //p' "$1"/*-ConfigMap-kafka.yaml)
	[[ $ours != kafka.example.com:9093 ]] || ours=$(ask get secret -n "$namespace" kafka-knative -o 'jsonpath={.data.bootstrapServers}' | base64 -d)
	[[ $said = "$ours" ]]
}

# The patterns without a KafkaChannel, with commas.
channelless() {
	local each list=
	for each in "$root"/patterns/*/; do
		grep -qr 'KafkaChannel\|audit-sequence' "$each" || list+=", $(basename "$each")"
	done
	echo "${list#, }"
}

# Whose Secrets the objects of a folder name (provider for kafka-provider, …), one a line; a channel's is named by the platform.
secrets_needed() { # FOLDER
	{
		grep -ohE '\bkafka-(provider|adapter|knative)$' "$1"/*.yaml
		! grep -q 'kind: KafkaChannel' "$1"/*.yaml || echo kafka-knative
	} | sed 's/^kafka-//' | sort -u
}

server_side() { # OPTION…
	ask apply --server-side --force-conflicts --field-manager=umpire --validate=ignore "$@" >"$scratch/applied" || return 1
	sed 's/^/  /' "$scratch/applied"
}

# apply FILE: tries again while a webhook is not up yet or a kind has only just been made; anything else that is refused is final.
apply() {
	server_side -f "$1" && return
	case $said in
	*'failed calling webhook'* | *'no endpoints available'* | *'no matches for kind'* | *'connection refused'* | *'the server is currently unable'* | *'not yet'*) return 1 ;;
	esac
	identify "$1"
	case $said in
	*forbidden* | *Forbidden*) fail 69 "$kind/$name: we may not: $said
$ask_for_rights" ;;
	esac
	fail 69 "$kind/$name was refused: $said"
}

# Stage by stage, each settled before the next; then after_stage FOLDER STAGE, which who sources this file may define. A stage is applied, and
# looked at, as a whole; only where that is not enough, one by one, so that what is waited for or refused has a name.
apply_all() { # FOLDER
	local file stage files
	for stage in $(stages "$1"); do
		stage_files "$1" "$stage"
		if ! server_side "${files[@]}"; then
			for file in "$1/$stage"-*.yaml; do
				identify "$file"
				until_true "$kind/$name is accepted" apply "$file"
			done
		fi
		if ! all_settled; then
			for file in "$1/$stage"-*.yaml; do
				identify "$file"
				until_true "$kind/$name is ready" settled "$file"
			done
		fi
		after_stage "$1" "$stage"
	done
}

after_stage() { :; }
