/* metrics: the command: all counts as OpenMetrics text, on standard output or, as the handler of an
 * HTTP service, as the answer to a request: OpenMetrics to who asks for it, else the text format of
 * Prometheus, which is the same but for how counters are declared. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/answer.h"
#include "ctl/command.h"
#include "ctl/http.h"

static const char openmetrics_type[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";
static const char text_type[] = "text/plain; version=0.0.4; charset=utf-8";

/* Asks for them without a word on standard error, which may be the client's. NULL where there is
 * none. */
static json_t *ask(const struct ctl *ctl, int *ret_error)
{
    struct client client;
    json_t *answer = NULL;

    *ret_error = client_open(ctl, &client);
    if (*ret_error < 0)
        return NULL;
    *ret_error = answer_ask_metrics(&client, &answer);
    client_close(&client);
    return answer;
}

/* The name of the counter that a line declares ("# TYPE NAME counter" and then "# HELP NAME …"), or
 * NULL. */
static const char *declared_counter(const char *line, const char *end, const char **ret_rest)
{
    static const char type[] = "# TYPE ", counter[] = " counter";
    size_t length = (size_t)(end - line);

    if (length < strlen(type) + strlen(counter) || strncmp(line, type, strlen(type)) != 0 ||
        strncmp(end - strlen(counter), counter, strlen(counter)) != 0)
        return NULL;
    *ret_rest = end - strlen(counter);
    return line + strlen(type);
}

/* Prints OpenMetrics text in the older format: a counter is declared with "_total", as its samples
 * are named, and there is no unit and no end. */
static void print_text_format(const char *metrics, FILE *file)
{
    char counter[128] = "";

    while (*metrics != '\0') {
        const char *end = strchr(metrics, '\n'), *rest = NULL, *name;
        char help[160];

        if (!end)
            end = metrics + strlen(metrics);
        name = declared_counter(metrics, end, &rest);
        if (name)
            snprintf(counter, sizeof(counter), "%.*s", (int)(rest - name), name);
        snprintf(help, sizeof(help), "# HELP %s ", counter);
        if (name)
            fprintf(file, "# TYPE %s_total counter\n", counter);
        else if (counter[0] != '\0' && strncmp(metrics, help, strlen(help)) == 0)
            fprintf(file, "# HELP %s_total %.*s\n", counter,
                    (int)(end - metrics - (long)strlen(help)), metrics + strlen(help));
        else if (strncmp(metrics, "# UNIT ", 7) != 0 && strncmp(metrics, "# EOF", 5) != 0)
            fprintf(file, "%.*s\n", (int)(end - metrics), metrics);
        metrics = *end == '\0' ? end : end + 1;
    }
}

static int answer_request(const struct http_request *request, const char *metrics)
{
    struct http_answer answer = {.status = 200};
    char *text = NULL;
    FILE *file = open_memstream(&text, &answer.length);

    answer.type = request->is_openmetrics ? openmetrics_type : text_type;
    if (file && request->is_openmetrics)
        fputs(metrics, file);
    else if (file)
        print_text_format(metrics, file);
    if (!file || fclose(file) != 0) {
        free(text);
        http_send_status(request, 500, "out of memory");
        return EXIT_SYSTEM;
    }
    answer.body = text;
    http_send(request, &answer);
    free(text);
    return EXIT_OK;
}

int metrics_run(const struct ctl *ctl, char *arguments[])
{
    struct http_request request;
    json_t *answer;
    int error, status = EXIT_OK;

    (void)arguments;
    if (ctl->option && !http_receive(&request, "/metrics"))
        return EXIT_OK;
    answer = ask(ctl, &error);
    if (!answer || !client_is_ok(answer)) {
        if (ctl->option)
            http_send_status(&request, 503, "stdinetd does not answer");
        status = client_take(ctl, error, answer);
    } else if (ctl->option) {
        status = answer_request(&request, answer_text(answer, "metrics"));
    } else if (ctl->json) {
        client_print_json(answer);
    } else {
        fputs(answer_text(answer, "metrics"), stdout);
    }
    json_decref(answer);
    return status;
}
