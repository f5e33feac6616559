#include "agent/main/check_lines.h"

namespace twinlog {

bool print_check(std::ostream& out, const std::string& part, const std::vector<CheckLine>& lines) {
  bool is_fine = true;
  for (const CheckLine& line : lines) {
    out << part << ": " << (line.is_problem ? "PROBLEM: " : "ok: ") << line.text << "\n";
    is_fine = is_fine && !line.is_problem;
  }
  return is_fine;
}

}  // namespace twinlog
