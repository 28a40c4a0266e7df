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

# The client, without a word on standard error: what it said is in $said.
ask() {
	local errors
	errors=$(mktemp)
	if $kubectl "$@" 2>"$errors"; then
		rm -f "$errors"
		return 0
	fi
	said=$(<"$errors")
	rm -f "$errors"
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

# Whether the cluster serves a kind: `serves GROUP/VERSION KIND`.
serves() {
	local version=$1 kind=$2 path=/apis/$1
	[[ $version = */* ]] || path=/api/$1
	ask get --raw "$path" >"$scratch/resources" && grep -q "\"kind\":[ ]*\"$kind\"" "$scratch/resources"
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
	version=$(sed -n 's/^apiVersion: //p' "$1" | head -n 1)
	kind=$(sed -n 's/^kind: //p' "$1" | head -n 1)
	name=$(awk '/^[^ ]/ {inside = ($0 == "metadata:")} inside && /^  name: / {print $2; exit}' "$1")
}

# Renders into one file an object, named so that a listing is the order to apply them in.
render_into() { # FOLDER OVERLAY PATTERN NAMESPACE
	"$root/bin/render" "$2" "$3" "$4" >"$1.yaml"
	mkdir -p "$1"
	awk -v folder="$1" -f "$root/bin/order.awk" "$1.yaml"
}

# True when the object of a file is as it should be: Ready, Available, or there at all where its kind has no such condition.
settled() {
	local condition state
	identify "$1"
	case $version/$kind in
	apps/v1/Deployment) condition=Available ;;
	kafka.strimzi.io/*/KafkaNodePool) return 0 ;; # its Kafka tells
	kafka.strimzi.io/* | serving.knative.dev/* | eventing.knative.dev/* | messaging.knative.dev/* | flows.knative.dev/* | sources.knative.dev/*) condition=Ready ;;
	operator.knative.dev/* | operator.serverless.openshift.io/*) condition=Ready ;;
	*) return 0 ;;
	esac
	state=$(ask get -f "$1" -o "jsonpath={.status.conditions[?(@.type==\"$condition\")].status}: {.status.conditions[?(@.type==\"$condition\")].message}") || return 1
	said=${state#*: }
	[[ $state = True:* ]]
}

# Whose Secrets the objects of a folder name (provider for kafka-provider, …), one a line; a channel's is named by the platform.
secrets_needed() { # FOLDER
	{
		grep -ohE '\bkafka-(provider|adapter|knative)$' "$1"/*.yaml
		! grep -q 'kind: KafkaChannel' "$1"/*.yaml || echo kafka-knative
	} | sed 's/^kafka-//' | sort -u
}

# apply FILE: tries again while a webhook is not up yet or a kind has only just been made; anything else that is refused is final.
apply() {
	if ask apply --server-side --force-conflicts --field-manager=umpire --validate=ignore -f "$1" >"$scratch/applied"; then
		sed 's/^/  /' "$scratch/applied"
		return 0
	fi
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

# Stage by stage, each settled before the next; then after_stage FOLDER STAGE, which who sources this file may define.
apply_all() { # FOLDER
	local file stage
	for stage in $(cd "$1" && printf '%s\n' *.yaml | cut -d - -f 1 | sort -u); do
		for file in "$1/$stage"-*.yaml; do
			identify "$file"
			until_true "$kind/$name is accepted" apply "$file"
		done
		for file in "$1/$stage"-*.yaml; do
			identify "$file"
			until_true "$kind/$name is ready" settled "$file"
		done
		after_stage "$1" "$stage"
	done
}

after_stage() { :; }
