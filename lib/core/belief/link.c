#include "core/belief/link.h"

#include <math.h>
#include <stddef.h>

/* P(a trial of "never" succeeds): a late packet, another's answer. Above 0, so that an old success
 * can be forgotten. */
#define STRAY 1e-3

/* Posterior weights of the three, and what each says of the rate. */
struct mixture {
	double always, never, beta;
	double always_rate, beta_rate, beta_variance;
};

static const char *const fact_names[LINK_FACTS] = {
	[LINK_WE_REACH_CLOUD] = "we_reach_cloud",
	[LINK_CLOUD_REACHES_PEER] = "cloud_reaches_peer",
	[LINK_PEER_IS_OPEN] = "peer_is_open",
	[LINK_PEER_CAN_OPEN] = "peer_can_open",
};

/* A hole lasts about as long as a NAT's shortest timer; a path of the Internet, or the firewall
 * of a network, is much the same an hour later. */
static const struct link_prior fact_priors[LINK_FACTS] = {
	[LINK_WE_REACH_CLOUD] = {0.6, 0.05, 1, 1, 0.02, 600 * NK_S},
	[LINK_CLOUD_REACHES_PEER] = {0.4, 0.1, 1, 1, 0.02, 600 * NK_S},
	[LINK_PEER_IS_OPEN] = {0.05, 0.6, 1, 1, 0.02, 30 * NK_S},
	[LINK_PEER_CAN_OPEN] = {0.5, 0.1, 1, 1, 0.05, 3600 * NK_S},
};

const char *link_fact_name(enum link_fact fact)
{
	return fact < LINK_FACTS ? fact_names[fact] : NULL;
}

const struct link_prior *link_fact_prior(enum link_fact fact)
{
	return &fact_priors[fact];
}

static struct link_belief discounted(const struct link_belief *b, const struct link_prior *prior,
				     nk_time now)
{
	const nk_time age = nk_max(now - b->at, 0);
	const double left = exp2(-(double)age / (double)prior->half_life);

	return (struct link_belief){b->yes * left, b->no * left, now};
}

void link_belief_add(struct link_belief *b, const struct link_prior *prior, bool yes, nk_time now)
{
	*b = discounted(b, prior, now);
	if (yes)
		b->yes++;
	else
		b->no++;
}

/* log of @rate to the power of @count, where 0 to the power of 0 is 1. */
static double log_power(double rate, double count)
{
	return count > 0 ? count * log(rate) : 0;
}

static double log_likelihood(double rate, const struct link_belief *b)
{
	return log_power(rate, b->yes) + log_power(1 - rate, b->no);
}

static double log_beta(double a, double b)
{
	return lgamma(a) + lgamma(b) - lgamma(a + b);
}

static struct mixture posterior(const struct link_belief *belief, const struct link_prior *prior,
				nk_time now)
{
	const struct link_belief seen = discounted(belief, prior, now);
	const double a = prior->a + seen.yes, b = prior->b + seen.no;
	struct mixture m = {.always_rate = 1 - prior->noise, .beta_rate = a / (a + b)};
	const double always = log(prior->always) + log_likelihood(m.always_rate, &seen);
	const double never = log(prior->never) + log_likelihood(STRAY, &seen);
	const double beta = log(1 - prior->always - prior->never) + log_beta(a, b) -
			    log_beta(prior->a, prior->b);
	/* What is most likely weighs 1, so that the sum cannot vanish. */
	const double top = fmax(beta, fmax(always, never));
	const double sum = exp(always - top) + exp(never - top) + exp(beta - top);

	m.always = exp(always - top) / sum;
	m.never = exp(never - top) / sum;
	m.beta = exp(beta - top) / sum;
	m.beta_variance = m.beta_rate * (1 - m.beta_rate) / (a + b + 1);
	return m;
}

static double mean(const struct mixture *m)
{
	return m->always * m->always_rate + m->never * STRAY + m->beta * m->beta_rate;
}

double link_belief_p(const struct link_belief *b, const struct link_prior *prior, nk_time now)
{
	const struct mixture m = posterior(b, prior, now);

	return mean(&m);
}

static double spread(double rate, double centre)
{
	return (rate - centre) * (rate - centre);
}

double link_belief_sd(const struct link_belief *b, const struct link_prior *prior, nk_time now)
{
	const struct mixture m = posterior(b, prior, now);
	const double centre = mean(&m);

	return sqrt(m.always * spread(m.always_rate, centre) + m.never * spread(STRAY, centre) +
		    m.beta * (m.beta_variance + spread(m.beta_rate, centre)));
}
