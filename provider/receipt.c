#include "provider/receipt.h"
#include "common/memory.h"
#include <stdio.h>
#include <stdlib.h>

struct receipts {
	struct receipts_options options;
	struct receipt *first, *last; /* by their times */
	struct receipt *overdue;      /* answered, with records on their way */
	struct ump_timer timer;
	bool silent; /* nothing was acknowledged since a receipt became overdue */
};

struct receipts *receipts_new(const struct receipts_options *options)
{
	struct receipts *receipts = ump_allocate(1, sizeof *receipts);
	receipts->options = *options;
	return receipts;
}

static void free_list(struct receipt *receipt)
{
	for (struct receipt *next; receipt; receipt = next) {
		next = receipt->next;
		free(receipt);
	}
}

void receipts_free(struct receipts *receipts)
{
	if (!receipts)
		return;
	ump_timer_cancel(receipts->options.loop, &receipts->timer);
	free_list(receipts->first);
	free_list(receipts->overdue);
	free(receipts);
}

const char *receipts_refusal(struct receipts *receipts)
{
	const char *why = receipts->options.held(receipts->options.context);
	bool waits = receipts->silent && receipts->first;
	return why || !waits ? why : "Kafka has not acknowledged what it was sent before";
}

/* ---- The two lists ---- */

static void take_out(struct receipts *receipts, struct receipt *receipt)
{
	if (receipt->next)
		receipt->next->previous = receipt->previous;
	else if (!receipt->overdue)
		receipts->last = receipt->previous;
	if (receipt->previous)
		receipt->previous->next = receipt->next;
	else if (receipt->overdue)
		receipts->overdue = receipt->next;
	else
		receipts->first = receipt->next;
	receipt->next = receipt->previous = NULL;
}

static void move_to_overdue(struct receipts *receipts, struct receipt *receipt)
{
	take_out(receipts, receipt);
	receipt->overdue = true;
	receipt->next = receipts->overdue;
	if (receipt->next)
		receipt->next->previous = receipt;
	receipts->overdue = receipt;
}

static void settle(struct receipt *receipt, const struct ump_delivery *delivery, const struct ump_error *error)
{
	struct ump_request *request = ump_steal(receipt->request);
	if (!request)
		return;
	ump_request_attach(request, NULL);
	receipt->settled(receipt, request, delivery, error);
}

static void watch_first(struct receipts *receipts);

static void first_is_late(void *context)
{
	struct receipts *receipts = context;
	struct ump_loop *loop = receipts->options.loop;
	struct ump_error error;
	while (receipts->first && receipts->first->until <= ump_loop_now(loop)) {
		struct receipt *receipt = receipts->first;
		move_to_overdue(receipts, receipt);
		receipts->silent = true;
		ump_fail(&error, UMP_RETRY, "Kafka has not acknowledged it within %g s; it may still arrive",
			 (double)receipts->options.timeout_us / UMP_SECOND);
		settle(receipt, NULL, &error);
	}
	watch_first(receipts);
}

static void watch_first(struct receipts *receipts)
{
	if (receipts->first)
		ump_timer_set(receipts->options.loop, &receipts->timer, receipts->first->until, first_is_late, receipts);
	else
		ump_timer_cancel(receipts->options.loop, &receipts->timer);
}

/* ---- A receipt's life ---- */

void receipt_begin(struct receipts *receipts, struct receipt *receipt, struct ump_request *request)
{
	receipt->receipts = receipts;
	receipt->request = request;
	receipt->until = ump_loop_now(receipts->options.loop) + receipts->options.timeout_us;
	receipt->waiting = 1;
	receipt->previous = receipts->last;
	if (receipts->last)
		receipts->last->next = receipt;
	else
		receipts->first = receipt;
	receipts->last = receipt;
	ump_request_attach(request, receipt);
	if (!ump_timer_is_set(&receipts->timer))
		watch_first(receipts);
}

int receipt_add(struct receipt *receipt, const struct ump_record *record)
{
	struct ump_error error;
	if (ump_producer_send(receipt->receipts->options.producer, record, receipt, &error)) {
		receipt_fail(receipt, &error);
		return -1;
	}
	receipt->waiting++;
	return 0;
}

void receipt_fail(struct receipt *receipt, const struct ump_error *error)
{
	if (!receipt->failed)
		receipt->error = *error;
	receipt->failed = true;
}

static void count_down(struct receipt *receipt, const struct ump_delivery *delivery)
{
	struct receipts *receipts = receipt->receipts;
	if (--receipt->waiting)
		return;
	settle(receipt, delivery, receipt->failed ? &receipt->error : NULL);
	take_out(receipts, receipt);
	free(receipt);
}

void receipt_end(struct receipt *receipt)
{
	static const struct ump_delivery none;
	count_down(receipt, &none);
}

void receipt_gone(struct ump_request *request)
{
	struct receipt *receipt = ump_request_attached(request);
	if (receipt)
		receipt->request = NULL;
}

void receipts_delivered(struct receipts *receipts, const struct ump_delivery *delivery)
{
	if (delivery->error)
		receipt_fail(delivery->opaque, delivery->error);
	else
		receipts->silent = false;
	count_down(delivery->opaque, delivery);
}
