#include "cli/border.h"

#include <fmt/format.h>

#include <new>

#include "base/error.h"
#include "cli/args.h"

namespace mobileclip::cli {

int guarded(const std::function<ExitCode(Output&)>& run) {
  Output out;
  try {
    const ExitCode code = run(out);
    out.flush();
    return code;
  } catch (const UsageError& error) {
    message(error.message());
    return kUsage;
  } catch (const Error& error) {
    message(error.message());
    return exit_code(error.code());
  } catch (const std::bad_alloc&) {
    message("not enough memory");
    return kFailure;
  } catch (const std::exception& error) {
    message(fmt::format("unexpected: {}", error.what()));
    return kFailure;
  }
}

}  // namespace mobileclip::cli
