/* main: argv -> configuration -> server -> exit status. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "config/arguments.h"
#include "config/dump.h"
#include "config/load.h"
#include "config/option.h"
#include "serve/server.h"
#include "serve/startup.h"
#include "serve/version.h"

static void print_problem(const char *line, void *context)
{
    (void)context;
    fprintf(stderr, "%s\n", line);
}

/* Loads the configuration or says all that is wrong with it. */
static int load(const struct load_request *request, struct config **ret)
{
    struct problems problems = {0};
    int error = config_load(request, ret, &problems);

    problems_show(&problems, print_problem, NULL);
    problems_free(&problems);
    if (error == -ENOMEM)
        fprintf(stderr, "stdinetd: out of memory\n");
    return error == 0 ? EXIT_OK : error == -EINVAL ? EXIT_CONFIG : EXIT_SYSTEM;
}

static int fail(const char *what, int error)
{
    log_error("%s: %s", what, strerror(-error));
    return EXIT_SYSTEM;
}

static int run(struct arguments *arguments, const struct plan_origin *origin)
{
    struct config *config;
    int status = EXIT_OK, error;

    if (arguments->action == ACTION_HELP)
        arguments_help();
    else if (arguments->action == ACTION_VERSION)
        printf("stdinetd %s\n", version_text);
    else if (arguments->action == ACTION_LIST_OPTIONS)
        option_list(stdout);
    else if ((status = load(&arguments->request, &config)) == EXIT_OK) {
#ifdef FUZZ_BUILD
        if (arguments->action == ACTION_SERVE) {
            fprintf(stderr, "stdinetd: was built for fuzzers, and doesn't serve\n");
            config_unref(config);
            return EXIT_SYSTEM;
        }
#endif
        if (arguments->action == ACTION_SERVE && arguments->daemonize &&
            config->daemon.log.kind == SETTINGS_LOG_STDERR) {
            fprintf(stderr, "stdinetd: log = stderr and --daemon exclude each other\n");
            config_unref(config);
            return EXIT_CONFIG;
        }
        if (arguments->action == ACTION_SERVE)
            return server_serve(config, &arguments->request, origin, arguments->daemonize)
                       ? EXIT_SYSTEM
                       : EXIT_OK;
        if (arguments->action == ACTION_DUMP && (error = config_dump(config, stdout)) < 0)
            status = fail("--dump", error);
        config_unref(config);
    }
    return fflush(stdout) == 0 ? status : EXIT_SYSTEM;
}

int main(int argc, char *argv[])
{
    struct plan_origin origin;
    struct arguments arguments;
    int error = startup_clean_process(&origin), status;

    if (error < 0)
        return fail("cannot start", error);
    error = arguments_parse(argc, argv, &arguments);
    if (error < 0)
        return error == -EINVAL ? EXIT_USAGE : EXIT_SYSTEM;
    status = run(&arguments, &origin);
    arguments_free(&arguments);
    log_close(1000);
    return status;
}
