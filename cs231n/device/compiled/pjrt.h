// The part of the PJRT C API that package compiled calls. Names are ours, layouts and numbers are those of the API. It only
// appends to its structs and to its table of functions, so they fit every later version too.
// Source: https://github.com/openxla/xla/blob/main/xla/pjrt/c/pjrt_c_api.h.
#ifndef CS231N_PJRT_H
#define CS231N_PJRT_H

#include <stddef.h>

typedef struct pjrt_error pjrt_error; // NULL means success

// Every function takes one struct, which begins with its size and a list of extensions.
typedef pjrt_error *pjrt_function(void *arguments);

// Numbers of functions in the table.
enum {
	pjrt_error_destroy = 0,
	pjrt_client_compile = 20,
	pjrt_executable_destroy = 40,
	pjrt_executable_serialize = 49,
	pjrt_loaded_executable_get_executable = 51,
	pjrt_executable_deserialize_and_load = 56,
	pjrt_needed = 57,
};

typedef struct {
	size_t size;
	void *extensions;
	size_t version_size;
	void *version_extensions;
	int major, minor;
	pjrt_function *functions[pjrt_needed];
} pjrt_table;

typedef struct {
	size_t size;
	void *extensions;
	const char *code;
	size_t code_size;
	const char *format;
	size_t format_size;
} pjrt_program;

typedef struct {
	size_t size;
	void *extensions, *client;
	const pjrt_program *program;
	const char *options;
	size_t options_size;
	void *executable; // result
} pjrt_compile_arguments;

// pjrt_bytes is a serialized executable. Call release with owner after use.
typedef struct {
	const char *data;
	size_t size;
	void *owner;
	void (*release)(void *owner);
} pjrt_bytes;

// pjrt_watch makes the compile function of the plugin in a file call the Go function compileProgram. It returns 0 if the plugin
// is not open or does not have the functions, or if another plugin is watched.
int pjrt_watch(const char *path);

// pjrt_compile is the plugin's own compile function.
pjrt_error *pjrt_compile(pjrt_compile_arguments *arguments);

// pjrt_serialize returns 0 if the plugin cannot serialize the loaded executable.
int pjrt_serialize(void *loaded, pjrt_bytes *bytes);
void pjrt_release(pjrt_bytes *bytes);

// pjrt_load returns the loaded executable, or NULL if the plugin does not accept the bytes.
void *pjrt_load(void *client, const void *bytes, size_t size);

#endif
