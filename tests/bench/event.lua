-- tests/bench/event.lua: one game.hits event in binary mode, the same each time, which wrk need not write anew. Prints one line of JSON.
wrk.method = "POST"
wrk.headers = {["ce-specversion"] = "1.0", ["ce-source"] = "/umpire/provider/bench", ["ce-type"] = "game.hits", ["ce-subject"] = "p-0042",
               ["ce-id"] = "4711", ["Content-Type"] = "application/json"}
wrk.body = '{"match":"m-0007","player":"p-0042","name":"Ada","hits":4}'

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format('{"requests":%d,"seconds":%.3f,"p50_us":%.0f,"p99_us":%.0f,"p999_us":%.0f,"errors":%d}\n', summary.requests,
        summary.duration / 1e6, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
